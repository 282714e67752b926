package acp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
)

// protocol is the version that is spoken.
const protocol = 1

// farewell is how long an agent may take to read that its turn is cancelled.
const farewell = 5 * time.Second

type m = map[string]any

// Converse starts a session, says the prompt and listens until the turn ends. What the agent answers wrongly ends the attempt
// with an event, not with an error: errors are of the context and of the pipes.
func (r runner) Converse(ctx context.Context, a agent.Attempt, stdin io.WriteCloser, stdout io.Reader, emit func(agent.Event)) error {
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s := &session{attempt: a, peer: newPeer(writing, stdin), teller: newTeller(emit)}
	defer s.teller.close()
	read := make(chan error, 1)
	go func() { read <- s.peer.read(stdout, func(line []byte, cut bool) { s.line(writing, line, cut) }) }()
	err := s.run(ctx)
	var answer *Error
	switch {
	case ctx.Err() != nil:
		s.cancel(writing)
		return context.Cause(ctx)
	case errors.Is(err, errEnded):
		if err := <-read; err != nil {
			return err
		}
		s.teller.finish(err.Error(), 1)
	case errors.As(err, &answer), errors.Is(err, errForeign):
		s.teller.finish(err.Error(), 1)
	case err != nil:
		return err
	}
	return stdin.Close()
}

// session is one conversation.
type session struct {
	attempt agent.Attempt
	peer    *peer
	teller  *teller
	id      string
}

var errForeign = errors.New("the agent speaks another version of the protocol")

func (s *session) run(ctx context.Context) error {
	var hello struct {
		Version int                            `json:"protocolVersion"`
		Info    struct{ Name, Version string } `json:"agentInfo"`
		Auth    []struct {
			ID string `json:"id"`
		} `json:"authMethods"`
		Capabilities struct {
			MCP struct {
				HTTP bool `json:"http"`
			} `json:"mcpCapabilities"`
		} `json:"agentCapabilities"`
	}
	err := s.peer.call(ctx, "initialize", m{"protocolVersion": protocol,
		"clientCapabilities": m{"fs": m{"readTextFile": false, "writeTextFile": false}, "terminal": false},
		"clientInfo":         m{"name": "adamant", "title": "adamant", "version": "1"}}, &hello)
	if err != nil {
		return err
	}
	if hello.Version != protocol {
		return fmt.Errorf("%w: %d, not %d", errForeign, hello.Version, protocol)
	}
	s.teller.emit(agent.Event{Kind: agent.Started, Text: strings.TrimSpace(hello.Info.Name + " " + hello.Info.Version)})
	servers := []m{}
	if hello.Capabilities.MCP.HTTP {
		servers = append(servers, m{"type": "http", "name": "adamant", "url": s.attempt.Endpoint + "/mcp",
			"headers": []m{{"name": "Authorization", "value": "Bearer " + s.attempt.Token}}})
	}
	methods := make([]string, len(hello.Auth))
	for i, method := range hello.Auth {
		methods[i] = method.ID
	}
	if err := s.open(ctx, servers, methods); err != nil {
		return err
	}
	var result json.RawMessage
	err = s.peer.call(ctx, "session/prompt", m{"sessionId": s.id, "prompt": []m{{"type": "text", "text": s.attempt.Prompt}}}, &result)
	if err != nil {
		return err
	}
	s.teller.stopped(result)
	return nil
}

// open starts the session. An agent that wants to be logged in first is told to take the key of its environment, if it can.
func (s *session) open(ctx context.Context, servers []m, methods []string) error {
	var opened struct {
		ID string `json:"sessionId"`
	}
	params := m{"cwd": s.attempt.Repo, "mcpServers": servers}
	err := s.peer.call(ctx, "session/new", params, &opened)
	var refused *Error
	if errors.As(err, &refused) && refused.Code == codeAuthRequired {
		for _, method := range methods {
			if !strings.Contains(method, "api-key") {
				continue
			}
			if err := s.peer.call(ctx, "authenticate", m{"methodId": method}, new(json.RawMessage)); err != nil {
				return err
			}
			err = s.peer.call(ctx, "session/new", params, &opened)
			break
		}
	}
	s.id = opened.ID
	return err
}

// cancel tells the agent that its turn is over; that it listens is not waited for.
func (s *session) cancel(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, farewell)
	defer done()
	params, err := json.Marshal(m{"sessionId": s.id})
	if err != nil || s.id == "" || s.peer.send(ctx, frame{Method: "session/cancel", Params: params}) != nil {
		return // its end comes without a word then
	}
	s.peer.flush(ctx)
}

// line takes one line of the agent's: an answer, a request, or news.
func (s *session) line(ctx context.Context, raw []byte, cut bool) {
	var f frame
	if cut || json.Unmarshal(raw, &f) != nil || f.Version == "" {
		s.teller.emit(agent.UnknownLine(raw, cut))
		return
	}
	switch {
	case f.Method == "":
		if !s.peer.answered(f) {
			s.teller.emit(agent.UnknownLine(raw, false))
		}
	case len(f.ID) > 0:
		reply := s.answer(f, raw)
		reply.ID = f.ID
		if err := s.peer.send(ctx, reply); err != nil {
			s.teller.emit(agent.Event{Kind: agent.Error, Text: fmt.Sprintf("answer %s: %v", f.Method, err)})
		}
	default:
		if !s.teller.notified(f) {
			s.teller.emit(agent.UnknownLine(raw, false))
		}
	}
}

// answer serves a request of the agent's.
func (s *session) answer(f frame, raw []byte) frame {
	if f.Method != "session/request_permission" {
		s.teller.emit(agent.UnknownLine(raw, false))
		return frame{Error: &Error{Code: codeNoMethod, Message: f.Method + " is not offered: use the files and the shell of the sandbox"}}
	}
	outcome, why := permit(s.attempt, f.Params)
	if why != "" {
		s.teller.emit(agent.Event{Kind: agent.Error, Text: "refused: " + why, Raw: f.Params})
	}
	result, err := json.Marshal(m{"outcome": outcome})
	if err != nil {
		return frame{Error: &Error{Code: -32603, Message: err.Error()}}
	}
	return frame{Result: result}
}
