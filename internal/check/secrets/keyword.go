package secrets

// automaton finds all keywords in one pass over a text (Aho and Corasick, 1975), as a complete transition table over the
// byte classes that occur in the keywords. ASCII letters match in either case.
type automaton struct {
	class   [256]uint8
	classes int
	next    []int32   // state*classes + class -> state*classes; negative: the target state has outputs
	out     [][]int32 // outputs by state
}

// newAutomaton builds the table. The value of an output is the keyword's index in words.
func newAutomaton(words []string) *automaton {
	a := &automaton{classes: 1}
	for _, word := range words {
		for i := range len(word) {
			a.addByte(lower(word[i]))
		}
	}
	a.grow()
	for i, word := range words {
		a.insert(word, int32(i))
	}
	a.link()
	return a
}

func (a *automaton) addByte(c byte) {
	if a.class[c] != 0 {
		return
	}
	a.class[c] = uint8(a.classes)
	if c >= 'a' && c <= 'z' {
		a.class[c-'a'+'A'] = uint8(a.classes)
	}
	a.classes++
}

func (a *automaton) grow() int32 {
	a.next = append(a.next, make([]int32, a.classes)...)
	a.out = append(a.out, nil)
	return int32(len(a.out) - 1)
}

func (a *automaton) insert(word string, output int32) {
	state := int32(0)
	for i := range len(word) {
		at := int(state)*a.classes + int(a.class[lower(word[i])])
		if a.next[at] == 0 {
			a.next[at] = a.grow()
		}
		state = a.next[at]
	}
	a.out[state] = append(a.out[state], output)
}

// link completes the table breadth first: a missing edge goes where the longest proper suffix would go. Then targets are
// scaled to row offsets and marked when they have outputs.
func (a *automaton) link() {
	fail := make([]int32, len(a.out))
	var queue []int32
	for c := range a.classes {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.out[state] = append(a.out[state], a.out[fail[state]]...)
		for c := range a.classes {
			at, back := int(state)*a.classes+c, a.next[int(fail[state])*a.classes+c]
			if to := a.next[at]; to != 0 {
				fail[to] = back
				queue = append(queue, to)
			} else {
				a.next[at] = back
			}
		}
	}
	for i, to := range a.next {
		a.next[i] = to * int32(a.classes)
		if len(a.out[to]) > 0 {
			a.next[i] = -a.next[i]
		}
	}
}

// find calls hit with the index of each keyword and the offset after its last byte.
func (a *automaton) find(text []byte, hit func(word, end int)) {
	state := int32(0)
	for i, c := range text {
		state = a.next[int(state)+int(a.class[c])]
		if state < 0 {
			state = -state
			for _, word := range a.out[int(state)/a.classes] {
				hit(int(word), i+1)
			}
		}
	}
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
