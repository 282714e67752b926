package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func fleetCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var once bool
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Watch the agents: what each does, costs, and waits for",
		Long: `Show every open task and the agent at it, once a second: what it does now, its turns, its cost and what the breaker warned of. What
needs you comes first. Without a terminal, or with --once, it is printed once.

Keys: j and k, or the arrows, scroll; q ends.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			first, err := readFleet(cmd.Context(), client)
			if err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, first)
			}
			terminal, live := env.Stdout.(*os.File)
			if s := styleFor(env, env.Stdout); once || !live || !s.on && !isTerminal(terminal) {
				fmt.Fprint(env.Stdout, fleetText(first, fleetWidth, s))
				return nil
			}
			return watchFleet(cmd.Context(), env, client, first)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&once, "once", false, "print it once")
	return cmd
}

const (
	fleetWidth = 80
	fleetEvery = time.Second
)

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func readFleet(ctx context.Context, client *desk.Client) (api.Fleet, error) {
	var f api.Fleet
	err := client.Call(ctx, "GET", api.PathFleet, "", nil, &f)
	return f, err
}

// watchFleet shows the fleet until the user has seen enough.
func watchFleet(ctx context.Context, env *Env, client *desk.Client, first api.Fleet) error {
	m := &fleetModel{ctx: ctx, client: client, fleet: first, style: styleFor(env, env.Stdout), width: fleetWidth, height: 24}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(env.Stdin), tea.WithOutput(env.Stdout)).Run()
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// fleetModel is the live view: the newest answer of the daemon, and where the reader is in it.
type fleetModel struct {
	ctx           context.Context // of the command; the messages of bubbletea carry none
	client        *desk.Client
	style         style
	fleet         api.Fleet
	err           error
	width, height int
	top           int
}

type fleetTick struct{}

type fleetNews struct {
	fleet api.Fleet
	err   error
}

// Init asks for the first tick.
func (m *fleetModel) Init() tea.Cmd { return m.tick() }

func (m *fleetModel) tick() tea.Cmd {
	return tea.Tick(fleetEvery, func(time.Time) tea.Msg { return fleetTick{} })
}

// Update takes keys, sizes, ticks and answers.
func (m *fleetModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	case fleetTick:
		return m, func() tea.Msg {
			f, err := readFleet(m.ctx, m.client)
			return fleetNews{f, err}
		}
	case fleetNews:
		if m.err = msg.err; msg.err == nil {
			m.fleet = msg.fleet
		}
		return m, m.tick()
	}
	return m, nil
}

func (m *fleetModel) key(key string) tea.Cmd {
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "j", "down":
		m.top++
	case "k", "up":
		m.top--
	case "g", "home":
		m.top = 0
	case "pgdown", "space":
		m.top += m.height - 2
	case "pgup":
		m.top -= m.height - 2
	}
	return nil
}

// View is what fits on the screen, from where the reader is.
func (m *fleetModel) View() tea.View {
	v := tea.NewView(m.page())
	v.AltScreen = true
	v.WindowTitle = "adamant fleet"
	return v
}

func (m *fleetModel) page() string {
	lines := strings.Split(strings.TrimRight(fleetText(m.fleet, m.width, m.style), "\n"), "\n")
	room := max(m.height-1, 1)
	m.top = min(max(m.top, 0), max(len(lines)-room, 0))
	shown := lines[m.top:min(m.top+room, len(lines))]
	foot := "q ends"
	if len(lines) > room {
		foot = fmt.Sprintf("q ends, j and k scroll (%d of %d lines)", m.top+len(shown), len(lines))
	}
	if m.err != nil {
		foot = "the daemon does not answer: " + m.err.Error()
	}
	return strings.Join(shown, "\n") + strings.Repeat("\n", room-len(shown)+1) + m.style.dim(clip(foot, m.width))
}
