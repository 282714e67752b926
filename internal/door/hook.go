package door

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// The hooks that git calls.
const (
	HookPreReceive  = "pre-receive"
	HookProcReceive = "proc-receive"
)

// writeHooks makes the folder of hooks: each is the given command with the hook's name as its last argument.
func writeHooks(dir string, command []string) error {
	if command == nil {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		command = []string{program, "hook"}
	}
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	syscall.ForkLock.RLock() // a fork meanwhile would have a hook open for writing until it is another program, and git could not start it
	defer syscall.ForkLock.RUnlock()
	for _, name := range []string{HookPreReceive, HookProcReceive} {
		text := "#!/bin/sh\nexec " + strings.Join(quoted, " ") + " " + name + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// ErrRefused says that a hook refuses the push and has said why.
var ErrRefused = errors.New("the push is refused")

// HookEnv is what a hook has of the world.
type HookEnv struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // the pusher reads it
	Getenv func(string) string
}

// RunHook serves one of git's hooks inside of receive-pack. Whatever goes wrong is a refusal.
func RunHook(ctx context.Context, name string, env HookEnv) error {
	l, err := dial(env)
	if err != nil {
		return err
	}
	defer l.conn.Close()
	switch name {
	case HookPreReceive:
		return l.preReceive(ctx, env)
	case HookProcReceive:
		return l.procReceive(env)
	}
	return fmt.Errorf("there is no hook %q", name)
}

// line is the hook's end of the line to the door.
type line struct {
	conn    net.Conn
	encoder *json.Encoder
	decoder *json.Decoder
	sealed  string
}

func dial(env HookEnv) (*line, error) {
	fd, err := strconv.Atoi(env.Getenv(envLine))
	if err != nil || fd < lineFD {
		return nil, errors.New("this hook is run by adamant's door and by nobody else: push over HTTP")
	}
	file := os.NewFile(uintptr(fd), "door")
	if file == nil {
		return nil, errors.New("there is no line to the door")
	}
	conn, err := net.FileConn(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("there is no line to the door: %w", err)
	}
	return &line{conn: conn, encoder: json.NewEncoder(conn), decoder: json.NewDecoder(conn), sealed: env.Getenv(envSealed)}, nil
}

// ask says something to the door and waits for its answer.
func (l *line) ask(call hookCall) (hookAnswer, error) {
	call.Sealed = l.sealed
	if err := l.encoder.Encode(call); err != nil {
		return hookAnswer{}, fmt.Errorf("asking the door: %w", err)
	}
	var answer hookAnswer
	if err := l.decoder.Decode(&answer); err != nil {
		return hookAnswer{}, fmt.Errorf("asking the door: %w", err)
	}
	return answer, nil
}

// preReceive looks at the objects while they are in quarantine and lets the door decide.
func (l *line) preReceive(ctx context.Context, env HookEnv) error {
	commands, err := readHookCommands(env.Stdin)
	if err != nil {
		return err
	}
	answer, err := l.ask(hookCall{Stage: stageBegin, Commands: commands})
	if err != nil || len(answer.Refusals) > 0 {
		return said(env, answer.Refusals, err)
	}
	if answer.Work == nil {
		return errors.New("the door gave nothing to look at")
	}
	call := hookCall{Stage: stageContent, Commands: commands}
	found, err := inspect(ctx, *answer.Work, env.Getenv("GIT_QUARANTINE_PATH"))
	if err != nil {
		call.Problem = err.Error()
	} else {
		call.Facts, call.Content = found.commands, &found.content
		for _, notice := range found.notices {
			fmt.Fprintln(env.Stderr, printable(notice, 300))
		}
	}
	answer, err = l.ask(call)
	return said(env, answer.Refusals, err)
}

// said tells the pusher the refusals, if any.
func said(env HookEnv, refusals []Refusal, err error) error {
	if err != nil || len(refusals) == 0 {
		return err
	}
	if _, err := io.WriteString(env.Stderr, explain(refusals)); err != nil {
		return err
	}
	return ErrRefused
}

// readHookCommands reads "OLD NEW REF" lines.
func readHookCommands(r io.Reader) ([]wireCommand, error) {
	var out []wireCommand
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		fields := strings.SplitN(scanner.Text(), " ", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("git gave the hook %q", scanner.Text())
		}
		out = append(out, wireCommand{fields[0], fields[1], fields[2]})
	}
	return out, scanner.Err()
}

// procReceive lets the door record what pre-receive accepted, and speaks git's proc-receive protocol (githooks(5)).
func (l *line) procReceive(env HookEnv) error {
	in := &lines{r: env.Stdin, limit: commandBytes * 2}
	options, err := greet(in, env.Stdout)
	if err != nil {
		return err
	}
	commands, err := readProcCommands(in)
	if err != nil {
		return err
	}
	for flush := !options; !flush; { // the door has the push options already
		if _, flush, err = in.next(); err != nil {
			return err
		}
	}
	answer, err := l.ask(hookCall{Stage: stageRecord, Commands: commands})
	if err != nil {
		return err
	}
	return l.status(env, commands, answer)
}

// greet agrees on the protocol and says whether push options will come.
func greet(in *lines, out io.Writer) (options bool, err error) {
	hello, _, err := in.next()
	if err != nil {
		return false, err
	}
	version, features, _ := strings.Cut(strings.TrimSuffix(string(hello), "\n"), "\x00")
	if _, flush, err := in.next(); err != nil || !flush || version != "version=1" {
		return false, errors.Join(fmt.Errorf("git greets the hook with %q", hello), err)
	}
	var agreed []string
	for _, f := range strings.Fields(features) {
		if f == "atomic" || f == "push-options" {
			agreed = append(agreed, f)
		}
	}
	_, err = out.Write(append(appendPkt(nil, "version=1\x00"+strings.Join(agreed, " ")), flushPkt...))
	return slices.Contains(agreed, "push-options"), err
}

func readProcCommands(in *lines) ([]wireCommand, error) {
	var out []wireCommand
	for {
		payload, flush, err := in.next()
		if err != nil || flush {
			return out, err
		}
		fields := strings.SplitN(strings.TrimSuffix(string(payload), "\n"), " ", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("git gave the hook %q", payload)
		}
		out = append(out, wireCommand{fields[0], fields[1], fields[2]})
	}
}

// status reports what became of each command.
func (l *line) status(env HookEnv, commands []wireCommand, answer hookAnswer) error {
	var out []byte
	if len(answer.Refusals) > 0 || len(answer.Results) != len(commands) {
		fmt.Fprint(env.Stderr, explain(answer.Refusals))
		for _, c := range commands {
			out = appendPkt(out, "ng "+c.Ref+" "+reason(c.Ref, answer.Refusals)+"\n")
		}
	}
	for _, r := range answer.Results {
		for _, text := range r.Text {
			fmt.Fprintln(env.Stderr, printable(text, 500))
		}
		if r.Reason != "" {
			out = appendPkt(out, "ng "+r.Ref+" "+printable(r.Reason, 200)+"\n")
			continue
		}
		out = appendPkt(out, "ok "+r.Ref+"\n")
	}
	_, err := env.Stdout.Write(append(out, flushPkt...))
	return err
}
