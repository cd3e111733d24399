//go:build !linux

package origin

import "os"

// readParts fills the parts, one after the other, from a file at off.
func readParts(f *os.File, parts [][]byte, off int64) error {
	for _, p := range parts {
		if _, err := f.ReadAt(p, off); err != nil {
			return err
		}
		off += int64(len(p))
	}
	return nil
}
