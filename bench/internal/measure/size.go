package measure

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a flag such as 1GiB.
type Size int64

func (s *Size) String() string { return strconv.FormatInt(int64(*s), 10) }

// Set takes a number of bytes, or one with KiB, MiB or GiB behind it.
func (s *Size) Set(text string) error {
	number, unit := text, int64(1)
	for suffix, size := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if cut, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = cut, size
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > (1<<50)/unit {
		return fmt.Errorf("not a size: %q", text)
	}
	*s = Size(n * unit)
	return nil
}
