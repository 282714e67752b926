package daemon

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/adamant-os/adamant/internal/admit"
)

// openAdmission makes what answers whether an artifact may run. Main is read when it is first asked.
func (d *Daemon) openAdmission() {
	d.admission = admit.New(admit.Options{Repo: d.kernel.Repo(), View: admit.Kernel(), Now: d.now, By: d.config.Version})
}

func (d *Daemon) admitRoutes(a huma.API) {
	route(a, "POST", admit.Path, "Whether an artifact may run in an environment", func(ctx context.Context, in *with[admit.Request]) (admit.Decision, error) {
		return d.admission.Decide(ctx, in.Body)
	})
}
