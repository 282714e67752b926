package sandbox

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Slots are pairs of host users that belong to nobody: systemd gives none out between 1879048192 and 2147352575, nor does useradd.
const (
	firstSlot = 1_900_000_000
	maxSlots  = 4096
)

// Slot is the identity of slot n, from 0 to 4095: a host user of its own where this process is root, else Self. Two sandboxes that
// live at the same time must not share a slot, nor may files of one be left to another.
func Slot(n int) (Identity, error) {
	if os.Geteuid() != 0 {
		return Self(), nil
	}
	uids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return Identity{}, fmt.Errorf("find a user for a sandbox: %w", err)
	}
	gids, err := os.ReadFile("/proc/self/gid_map")
	if err != nil {
		return Identity{}, fmt.Errorf("find a group for a sandbox: %w", err)
	}
	uid, okU := slotID(parseMap(string(uids)), n)
	gid, okG := slotID(parseMap(string(gids)), n)
	if !okU || !okG {
		return Identity{}, fmt.Errorf("find a user for a sandbox: slot %d is not among the users that this system gives root", n)
	}
	return Identity{UID: uid, GID: gid}, nil
}

// Keeper owns the sources of overlays: the last slot, which nothing that nobody trusts runs as.
func Keeper() (Identity, error) { return Slot(maxSlots - 1) }

// slotID is the first id of slot n: from the range of slots where it is mapped, else from the upper end of what is.
func slotID(ids []syscall.SysProcIDMap, n int) (int, bool) {
	if n < 0 || n >= maxSlots {
		return 0, false
	}
	top := 0
	for _, m := range ids {
		if m.ContainerID <= firstSlot && m.ContainerID+m.Size >= firstSlot+2*maxSlots {
			return firstSlot + 2*n, true
		}
		top = max(top, m.ContainerID+m.Size)
	}
	for _, m := range ids { // a container with few ids: the last quarter of the last range, without its very last (nobody)
		if m.ContainerID+m.Size != top || m.Size < 1024 {
			continue
		}
		first := top - m.Size/4
		return first + 2*n, first+2*n+1 < top-4
	}
	return 0, false
}

// parseMap reads a uid_map as ids that are the same inside and outside: lines it cannot read are none.
func parseMap(text string) []syscall.SysProcIDMap {
	var all []syscall.SysProcIDMap
	for line := range strings.Lines(text) {
		var inside, outside, size int
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil && inside >= 0 && size > 0 {
			all = append(all, syscall.SysProcIDMap{ContainerID: inside, HostID: inside, Size: size})
		}
	}
	return all
}

// ownMap maps every id that this process has to itself.
func ownMap(file string, id int) []syscall.SysProcIDMap {
	text, err := os.ReadFile(file)
	if all := parseMap(string(text)); err == nil && len(all) > 0 {
		return all
	}
	return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
}
