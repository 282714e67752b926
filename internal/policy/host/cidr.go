package host

import (
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// anywhere says that a text means every address: providers write it in words.
func anywhere(text string) bool {
	return text == "*" || strings.EqualFold(text, "internet") || strings.EqualFold(text, "any")
}

// countAddresses is how many addresses a block holds: 1 for an address, the largest number of 64 bits where there are as many
// or more, 0 for what is no block.
func countAddresses(text string) (*ast.Term, error) {
	count := uint64(0)
	if anywhere(text) {
		count = math.MaxUint64
	} else if block, ok := parseBlock(text); ok {
		count = math.MaxUint64
		if bits := block.Addr().BitLen() - block.Bits(); bits < 63 {
			count = 1 << bits
		}
	}
	return ast.NumberTerm(json.Number(strconv.FormatUint(count, 10))), nil
}

// isPublic says that the first or the last address of a block, or of a range a-b, is outside the private ranges. What is
// neither is not public.
func isPublic(text string) (*ast.Term, error) {
	if anywhere(text) {
		return boolean(true), nil
	}
	first, last, ok := bounds(text)
	return boolean(ok && (!isPrivate(first) || !isPrivate(last))), nil
}

func bounds(text string) (first, last netip.Addr, ok bool) {
	if from, to, isRange := strings.Cut(text, "-"); isRange {
		first, errFirst := netip.ParseAddr(strings.TrimSpace(from))
		last, errLast := netip.ParseAddr(strings.TrimSpace(to))
		return first, last, errFirst == nil && errLast == nil
	}
	block, ok := parseBlock(text)
	if !ok {
		return first, last, false
	}
	return block.Masked().Addr(), lastOf(block), true
}

func lastOf(block netip.Prefix) netip.Addr {
	bytes := block.Masked().Addr().AsSlice()
	for bit := block.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// parseBlock reads a block or a single address.
func parseBlock(text string) (netip.Prefix, bool) {
	if strings.Contains(text, "/") {
		block, err := netip.ParsePrefix(text)
		return block, err == nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, addr.BitLen()), true
}

// isPrivate knows the ranges that no router of the internet forwards: private use, loopback, link-local, and the space that
// carriers share.
func isPrivate(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return slices.Contains([]bool{addr.IsPrivate(), addr.IsLoopback(), addr.IsLinkLocalUnicast(), shared.Contains(addr)}, true)
}
