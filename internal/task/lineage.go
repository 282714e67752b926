package task

import "github.com/adamant-os/adamant/internal/git"

// Lineage lists the attempts of coders whose work a commit has, oldest first: those that in picks by the commit that came of
// them, and each that one of these began with. An attempt's commit may stand on main, whatever it began with.
func (s *State) Lineage(in func(head git.OID) (bool, error)) ([]Record, error) {
	begun := map[git.OID]bool{} // commits that a later attempt of the lineage began with
	var out []Record
	for i := len(s.Attempts) - 1; i >= 0; i-- {
		r := s.Attempts[i]
		if r.Role != RoleCoder || r.Ended == nil || r.Ended.Head == "" {
			continue
		}
		if !begun[r.Ended.Head] {
			if ok, err := in(r.Ended.Head); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		begun[r.Base] = true
		out = append([]Record{r}, out...)
	}
	return out, nil
}
