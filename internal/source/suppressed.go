package source

// Suppression is one place that tells a tool to look away.
type Suppression struct {
	Line   int
	Text   string
	Symbol string // the declaration around it
}

// Suppressions lists the places that tell a tool to look away, by line.
func (a *Analysis) Suppressions() []Suppression {
	list := make([]Suppression, len(a.suppressions))
	for i, m := range a.suppressions {
		list[i] = Suppression{Line: m.Line, Text: m.Text, Symbol: m.symbol}
	}
	return list
}
