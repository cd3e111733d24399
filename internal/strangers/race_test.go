//go:build race

package strangers

// Under `go test -race` the program is built with the race detector as well: it
// then fails when it ends, if there was a race.
const race = true
