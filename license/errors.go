package license

import "fmt"

// An UnknownError says that the input names no licence of the catalogue.
type UnknownError struct {
	Input string // as given, cut after 80 characters
	near  func() []int
}

// Near answers with at most three licences that may be meant, in the form of
// License.Short. They are looked for only now: most texts that name no licence
// were never meant to.
func (e *UnknownError) Near() []string {
	if e.near == nil {
		return nil
	}
	near := e.near()
	return shorts(near[:min(len(near), maxNear)])
}

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown licence %q", e.Input) }

// A VersionError says that the input names a licence but not which version of it.
type VersionError struct {
	Input   string   // as given, cut after 80 characters
	Choices []string // the versions there are, newest first, in the form of License.Short
}

func (e *VersionError) Error() string { return fmt.Sprintf("licence %q lacks a version", e.Input) }

const maxShown = 80

// shown cuts an input to what an error message can bear.
func shown(s string) string {
	n := 0
	for i := range s {
		if n == maxShown {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
