package daemon

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/adamant-os/adamant/internal/builder"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

func (d *Daemon) builderRoutes(a huma.API) {
	route(a, "POST", builder.PathCertify, "Certify what a dedicated builder stated", func(ctx context.Context, in *with[builder.Stated]) (notary.Signed, error) {
		return d.certify(ctx, in.Body)
	})
}

// certify signs a dedicated builder's statement as that builder, if main lists the key that signed it, and keeps it.
func (d *Daemon) certify(ctx context.Context, s builder.Stated) (out notary.Signed, err error) {
	builders, err := d.dedicated(ctx)
	if err != nil {
		return out, err
	}
	err = d.signing(ctx, func(a *trust.Authority, log *projection.Projection) error {
		who, err := builder.Certified(s, a.Repository(), builders)
		if err == nil {
			out, err = d.notaryOf(a, log).Certify(ctx, who, s.Statement)
		}
		return err
	})
	return out, err
}

// dedicated are the builders that main lists.
func (d *Daemon) dedicated(ctx context.Context) ([]manifest.DedicatedBuilder, error) {
	id, err := d.mainBlob(ctx, facts.ConfigPath)
	if err != nil || id == "" {
		return nil, err
	}
	data, err := d.kernel.Repo().Blob(ctx, id, publishedLimit)
	if err != nil {
		return nil, err
	}
	config, problems := manifest.LoadRepository(facts.ConfigPath, data)
	if len(problems) > 0 {
		return nil, manifest.Join(problems)
	}
	return config.Spec.Admission.Builders, nil
}
