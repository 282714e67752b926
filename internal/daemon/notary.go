package daemon

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// notaryRoutes are what signs on request, for the owner of the kernel.
func (d *Daemon) notaryRoutes(a huma.API) {
	route(a, "POST", notary.PathSign, "Sign an artifact", func(ctx context.Context, in *with[notary.Blob]) (out notary.Signed, err error) {
		err = d.notary(ctx, func(n notary.Notary) error { out, err = n.Sign(ctx, in.Body); return err })
		return out, err
	})
	route(a, "POST", notary.PathAttest, "Sign an in-toto statement", func(ctx context.Context, in *with[notary.Statement]) (out notary.Signed, err error) {
		err = d.notary(ctx, func(n notary.Notary) error { out, err = n.Attest(ctx, in.Body); return err })
		return out, err
	})
}

func (d *Daemon) notary(ctx context.Context, use func(notary.Notary) error) error {
	return d.signing(ctx, func(a *trust.Authority, log *projection.Projection) error {
		return use(d.notaryOf(a, log))
	})
}

func (d *Daemon) notaryOf(a *trust.Authority, log *projection.Projection) notary.Notary {
	return notary.Notary{Authority: a, Log: log, Store: d.statements, Ledger: d.kernel.Ledger()}
}
