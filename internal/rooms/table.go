package rooms

import "strings"

// module is the path of this module, the beginning of every import of a room.
const module = "commonseed"

// A wall says what the code of a room may import beside the standard library.
// An entry allows that package and those below it; rooms are named without the
// module. Tests may import more.
type wall struct {
	room  string   // the room and those below it that have no wall of their own
	allow []string // nil: the standard library alone
}

// walls is searched for the longest room that fits, so its order is for people.
// "*" allows everything: such a room is still bound by the rules of check.go.
var walls = []wall{
	{"license", nil},
	{"license/stamp", []string{"license", "internal", "golang.org/x/net/html"}},
	{"feed", []string{"license", "internal"}},
	{"templates", []string{"license", "feed", "internal"}},
	{"publish/torrentfile", []string{
		"internal", "golang.org/x/sync", "golang.org/x/text",
		anacrolix + "/metainfo", anacrolix + "/bencode", anacrolix + "/merkle",
	}},
	{"publish", []string{
		"license", "publish", "feed", "templates", "internal",
		"github.com/pelletier/go-toml/v2", "github.com/google/uuid", "github.com/gofrs/flock",
		"golang.org/x/text", "golang.org/x/sync", "golang.org/x/sys",
	}},
	{"seed", nil},
	{"seed/origin", []string{"seed", "internal", "github.com/anacrolix", "golang.org/x/time", "golang.org/x/sys"}},
	{"seed/announce", []string{"seed", "internal", "github.com/anacrolix", "golang.org/x/time", "golang.org/x/sys"}},
	{"seed/tracker", []string{"golang.org/x/net/ipv4"}},
	{"seed/web", []string{"seed", "internal"}},
	{"seed/portmap", nil},
	{"seed/lsd", []string{"golang.org/x/net", "golang.org/x/time"}},
	{"seed/seedtest", []string{"*"}}, // a helper of tests
	{"cmd", []string{"*"}},
	{"bench", []string{"*"}},
	{"internal", []string{"*"}},
}

const anacrolix = "github.com/anacrolix/torrent"

// onlyCmd are the packages of the command line: no room but cmd imports them,
// not even in a test.
var onlyCmd = []string{"github.com/alecthomas/kong", "github.com/schollz/progressbar"}

// talkers may print, exit and read the environment: the commands, the
// benchmarks and the helpers of tests.
var talkers = []string{"cmd", "bench", "internal/peers", "internal/strangers"}

// apart are rooms that never meet, not even through a third one: cmd joins them.
var apart = [][2]string{{"publish", "seed"}, {"seed", "publish"}}

// wallOf finds the wall of a room.
func wallOf(room string) (wall, bool) {
	var best wall
	for _, w := range walls {
		if below(room, w.room) && len(w.room) >= len(best.room) {
			best = w
		}
	}
	return best, best.room != ""
}

// below says whether a package is p, or lies below it.
func below(pkg, p string) bool {
	return pkg == p || strings.HasPrefix(pkg, p+"/")
}

func belowAny(pkg string, list []string) bool {
	for _, p := range list {
		if p == "*" || below(pkg, p) {
			return true
		}
	}
	return false
}

// standard says whether an import path belongs to Go itself: its first element
// has no dot, and is neither this module nor the "C" of cgo.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != module && first != "C"
}
