package source

// headerName names the block whose header is the tokens from up to to, "" for blocks that declare nothing.
func (v *view) headerName(from, to int) string {
	from = max(from, to-400)
	for i := from; i < to; i++ {
		if v.tokens[i].kind == kindWord && declares(v.text(v.tokens[i])) && !v.is(i-1, ".") {
			if name := v.declared(i, to); name != "" {
				return name
			}
		}
	}
	return v.called(from, to)
}

func declares(word []byte) bool {
	switch string(word) {
	case "func", "fn", "fun", "function", "class", "interface", "struct", "enum", "trait", "impl", "mod", "module", "namespace", "object",
		"record", "type", "message", "service", "extension", "protocol", "resource", "data", "def", "rpc", "union", "contract":
		return true
	}
	return false
}

// declared is the name behind the keyword at i.
func (v *view) declared(i, to int) string {
	keyword := v.word(i)
	i++
	if keyword == "func" && v.is(i, "(") {
		receiver := goReceiver(v, i)
		if name := v.word(v.after(i)); name != "" && v.language == "go" {
			return receiver + "." + name
		}
		return ""
	}
	if keyword == "impl" {
		return v.implemented(i, to)
	}
	if v.is(i, "*") {
		i++
	}
	if i >= to {
		return ""
	}
	if s, ok := v.str(i); ok { // HCL: resource "type" "name"
		if t, more := v.str(i + 1); more {
			return s + "." + t
		}
		return s
	}
	return v.word(i)
}

// implemented is the type of a Rust impl block: the last plain name before its brace.
func (v *view) implemented(i, to int) string {
	name := ""
	depth := 0
	for ; i < to && !v.is(i, "where"); i++ {
		switch {
		case v.is(i, "<"):
			depth++
		case v.is(i, ">"):
			depth--
		case depth == 0 && v.word(i) != "" && !v.is(i, "for"):
			name = v.word(i)
		}
	}
	return name
}

// called names a method or a test by what stands before its parentheses, and an arrow function by what it is assigned to.
func (v *view) called(from, to int) string {
	for i := from; i < to; i++ {
		if v.is(i, "=") && i > from && v.is(to-1, "=>") && v.word(i-1) != "" {
			return v.word(i - 1)
		}
		if !v.is(i, "(") || i == from {
			continue
		}
		w := v.word(i - 1)
		if s, ok := v.str(i + 1); ok && w != "" && v.is(to-1, "=>") {
			return s
		}
		if w == "" || controls(w) || int(v.match[i]) < 0 || int(v.match[i]) >= to {
			return ""
		}
		return w
	}
	return ""
}

func controls(word string) bool {
	switch word {
	case "if", "for", "while", "switch", "catch", "with", "synchronized", "lock", "using", "foreach", "match", "when", "until", "unless", "select",
		"fixed", "elseif", "return", "guard", "case", "await", "yield", "new", "typeof":
		return true
	}
	return false
}
