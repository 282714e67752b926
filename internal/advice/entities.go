package advice

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/mcp"
)

func (d *desk) catalog(ctx context.Context, query string) (out mcp.Answer[mcp.Listing], err error) {
	err = d.ask(ctx, func(repo *git.Repo) error {
		g, err := d.governance(ctx, repo)
		if err != nil {
			return err
		}
		data := mcp.Listing{Entities: []mcp.Entity{}}
		for _, e := range g.Catalog.Entities() {
			if one := entity(e); matches(one, query) {
				data.Entities = append(data.Entities, one)
			}
		}
		out = mcp.Answer[mcp.Listing]{Text: listing(data, g.Catalog.Len()), Data: data}
		return nil
	})
	return out, err
}

func entity(e *catalog.Entity) mcp.Entity {
	g := e.Governance()
	out := mcp.Entity{Ref: e.Ref, Title: e.Title, Description: e.Description, Type: e.Type, Owner: e.Owner, Lifecycle: e.Lifecycle,
		Risk: g.RiskProfile, Data: g.DataClassification, Paths: e.Claims, File: e.Path}
	for _, r := range e.Relations {
		if r.Field == "dependsOn" {
			out.DependsOn = append(out.DependsOn, r.Target)
		}
	}
	return out
}

// matches says that every word of a query stands somewhere in an entity.
func matches(e mcp.Entity, query string) bool {
	text := strings.ToLower(strings.Join([]string{e.Ref, e.Title, e.Description, e.Type, e.Owner, e.Lifecycle, e.Risk, e.Data,
		strings.Join(e.Paths, " "), strings.Join(e.DependsOn, " "), e.File}, "\n"))
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func listing(l mcp.Listing, all int) string {
	var w strings.Builder
	switch {
	case all == 0:
		return "The repository has no catalog.\n"
	case len(l.Entities) == 0:
		return fmt.Sprintf("None of the %d entities has all these words; an empty query lists all.\n", all)
	}
	for _, e := range l.Entities {
		fmt.Fprintln(&w, e.Ref)
		for _, row := range [][2]string{{"title", e.Title}, {"description", strings.TrimSpace(e.Description)}, {"type", e.Type}, {"owner", e.Owner}, {"lifecycle", e.Lifecycle},
			{"risk", e.Risk}, {"data", e.Data}, {"paths", strings.Join(e.Paths, ", ")}, {"depends on", strings.Join(e.DependsOn, ", ")}, {"declared in", e.File}} {
			if row[1] != "" {
				fmt.Fprintf(&w, "    %s: %s\n", row[0], row[1])
			}
		}
	}
	return w.String()
}
