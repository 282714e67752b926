package gateway

import (
	"context"
	"net/http"

	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// player answers from a script.
type player struct{ *script.Player }

func newPlayer(s *script.Script) upstream { return &player{script.NewPlayer(s)} }

func (p *player) send(ctx context.Context, out *outgoing) (*http.Response, error) {
	request, err := wire.ReadRequest(out.request.Format, out.body)
	if err != nil {
		return nil, err
	}
	a := out.session.attempt
	response, err := p.Answer(ctx, script.Ask{Agent: a.Agent, Attempt: a.Attempt, Model: out.model, Request: request})
	if err != nil && ctx.Err() == nil {
		return nil, &missError{err.Error()}
	}
	return response, err
}
