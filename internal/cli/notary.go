package cli

import (
	"context"
	"errors"

	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// signBlob has the daemon sign, and takes the kernel for it when none runs.
func (f *deskFlags) signBlob(ctx context.Context, b notary.Blob) (notary.Signed, error) {
	return f.notarise(ctx, notary.PathSign, b, func(n notary.Notary) (notary.Signed, error) { return n.Sign(ctx, b) })
}

// attest has the daemon sign, and takes the kernel for it when none runs.
func (f *deskFlags) attest(ctx context.Context, s notary.Statement) (notary.Signed, error) {
	return f.notarise(ctx, notary.PathAttest, s, func(n notary.Notary) (notary.Signed, error) { return n.Attest(ctx, s) })
}

func (f *deskFlags) notarise(ctx context.Context, path string, request any, alone func(notary.Notary) (notary.Signed, error)) (out notary.Signed, err error) {
	client, err := f.client(ctx)
	if err != nil {
		return out, err
	}
	err = client.Within(longCall).Call(ctx, "POST", path, "", request, &out)
	if !errors.Is(err, desk.ErrNoDaemon) {
		return out, deskError(err)
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return out, err
	}
	if err := guardKeys(dir); err != nil {
		return out, err
	}
	local, err := notary.Open(ctx, dir, f.env.Now)
	if err != nil {
		return out, usage(err)
	}
	out, err = alone(local.Notary)
	var refused *notary.RefusedError
	if errors.As(err, &refused) {
		err = &exitError{Code: ExitDeny, Err: err}
	}
	return out, errors.Join(err, local.Close(ctx))
}
