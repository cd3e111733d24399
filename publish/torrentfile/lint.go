package torrentfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// The lints of names. They are what people type to overrule a doubt.
const (
	lintReserved   = "reserved-name"
	lintUnportable = "unportable-name"
	lintCollision  = "case-collision"
	lintLong       = "long-name"
	lintDenormal   = "denormal-name"
)

// NameDoubt says that a name is stored here, but not everywhere.
type NameDoubt struct {
	Lint string // one of the names listed at LintNames
	Path string // of the file or folder in the payload, or the torrent's own name
	Why  string // goes on after the name: "is reserved on Windows"
}

func (d NameDoubt) Error() string { return fmt.Sprintf("the name %q %s", d.Path, d.Why) }

// maxUnits is how long a path may be, from the torrent's name on, without a
// doubt. It is counted in UTF-16 code units, as Windows counts. There a path has
// at most MAX_PATH = 260 of them, with the drive and a closing zero, unless the
// computer and the program have both opted in to more ("Maximum Path Length
// Limitation", learn.microsoft.com). 200 leave 59 to the folder of downloads,
// such as C:\Users\ and a name of 20 and \Downloads\, and to the ".!qB" that
// qBittorrent adds meanwhile.
//
// A single name needs no lint of its own: 255 bytes, the limit of checkName, are
// never more than the 255 units of NTFS and exFAT. The 143 bytes of eCryptfs are not
// asked for: it is deprecated, and they would stop every title of 48 Japanese letters.
const maxUnits = 200

// LintNames doubts the names of a torrent and of its files, which are given by
// their "/"-separated paths in any order. It answers in the order of the paths,
// compared component by component, after what it doubts in the torrent's own name;
// an empty name is one not known yet. A folder is named once, not once for each
// file below it. The lints are
//
//	reserved-name    Windows keeps the name for a device: CON, NUL.txt
//	unportable-name  Windows cannot store one of its characters, or drops
//	                 the spaces around it or the dots after it
//	case-collision   one folder holds two names that are the same where upper and
//	                 lower case, or composed and decomposed letters, are
//	long-name        the path leaves Windows little room for the folder around it
//	denormal-name    the name is not in Unicode's form NFC, into which some
//	                 programs turn it, and then find no such file
//
// Paths that no disk can hold, such as the same one twice, are not doubtful but
// wrong: Build and Parse refuse them.
func LintNames(name string, paths []string) []NameDoubt {
	if !slices.IsSortedFunc(paths, comparePaths) {
		paths = slices.Clone(paths)
		slices.SortFunc(paths, comparePaths)
	}
	var l linter
	width := -1 // without a name there is no "/" after it either
	if name != "" {
		width = l.name(name, name, -1)
	}
	l.folder(paths, 0, width)
	return l.doubts
}

type linter struct{ doubts []NameDoubt }

func (l *linter) add(lint, path, why string) {
	l.doubts = append(l.doubts, NameDoubt{lint, path, why})
}

// folder doubts all names in one folder and below. Paths are those of its files,
// sorted; prefix is how many bytes of each lead into the folder, and width how
// many units the folder's own path has.
func (l *linter) folder(paths []string, prefix, width int) {
	var seen map[string]string // a name as systems compare it, and as it stands
	for len(paths) > 0 {
		path, n := firstName(paths, prefix)
		name := path[prefix:]
		if seen == nil && n < len(paths) { // most folders of very many hold one file
			seen = map[string]string{}
		}
		below := l.name(path, name, width)
		if seen != nil {
			l.collision(seen, path, name)
		}
		group := paths[:n]
		for len(group) > 0 && len(group[0]) == len(path) { // the file itself
			group = group[1:]
		}
		l.folder(group, len(path)+1, below)
		paths = paths[n:]
	}
}

// firstName gives the path of the first file or folder among sorted paths, of
// which prefix bytes are dealt with, and how many of the paths are or begin with it.
func firstName(paths []string, prefix int) (path string, n int) {
	path = paths[0]
	if i := strings.IndexByte(path[prefix:], '/'); i >= 0 {
		path = path[:prefix+i]
	}
	n = 1
	for n < len(paths) {
		rest, same := strings.CutPrefix(paths[n][prefix:], path[prefix:])
		if !same || rest != "" && rest[0] != '/' {
			break
		}
		n++
	}
	return path, n
}

// name doubts a name for its own sake. It is the last component of path, and
// width is that of the folder around it, -1 without one. It answers with the
// width of the path.
func (l *linter) name(path, name string, width int) int {
	if ReservedName(name) {
		l.add(lintReserved, path, "is reserved on Windows")
	}
	if why := unportable(name); why != "" {
		l.add(lintUnportable, path, why)
	}
	if norm.NFC.QuickSpanString(name) < len(name) && !norm.NFC.IsNormalString(name) { // the first is cheap
		l.add(lintDenormal, path, fmt.Sprintf("is not in Unicode's form NFC: %+q", name))
	}
	all := width + 1 + units(name)
	if all > maxUnits && width <= maxUnits { // else the folder was named
		l.add(lintLong, path, fmt.Sprintf("makes a path of %d characters; more than %d leave little of the 260 of Windows", all, maxUnits))
	}
	return all
}

// units is the length in UTF-16 code units.
func units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// collision doubts a name that is one with another in its folder. Further names
// are compared with the first.
func (l *linter) collision(seen map[string]string, path, name string) {
	key := foldName(name)
	other, taken := seen[key]
	switch {
	case !taken:
		seen[key] = name
	case norm.NFC.String(other) == norm.NFC.String(name):
		l.add(lintCollision, path, fmt.Sprintf("is that of %+q in another form of Unicode; macOS stores only one of them", other))
	default:
		l.add(lintCollision, path, fmt.Sprintf("is also that of %q where upper and lower case are the same, as on Windows and macOS", other))
	}
}

// foldName gives names the same key that differ in case or in composition. It is
// the canonical caseless matching of Unicode (section 3.13, D145) with simple
// instead of full folding, as file systems keep the number of letters: "Straße"
// and "STRASSE" are two files on all of them.
func foldName(name string) string {
	return strings.Map(foldRune, norm.NFD.String(name))
}

// foldRune gives the least of the letters that are one but for their case. Upper
// and lower case alone would miss some: K, k and the Kelvin sign are three.
func foldRune(r rune) rune {
	if r <= unicode.MaxASCII {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// unportable says what keeps a name from being stored on Windows or on a card
// formatted for it, "" if nothing does. The characters are those of "Naming Files,
// Paths, and Namespaces" (learn.microsoft.com); what is dropped at the ends is
// told in Microsoft's knowledge base, 2829981.
func unportable(name string) string {
	if i := strings.IndexAny(name, `<>:"\|?*`); i >= 0 {
		return `holds "` + name[i:i+1] + `", which Windows cannot store`
	}
	if strings.TrimRight(name, ". ") != name || strings.TrimLeft(name, " ") != name {
		return "begins or ends with a space or a dot, which Windows drops"
	}
	return ""
}

// devices are the names that Windows keeps in every folder: those of "Naming
// Files, Paths, and Namespaces" and, from CreateFile's "Consoles", CONIN$ and
// CONOUT$. COM0 and LPT0 stood there by mistake until 2025
// (github.com/MicrosoftDocs/win32/pull/2008): they can be stored.
var devices = deviceNames()

func deviceNames() map[string]bool {
	names := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true}
	for _, port := range []string{"COM", "LPT"} {
		for _, number := range "123456789¹²³" {
			names[port+string(number)] = true
		}
	}
	return names
}

// ReservedName says whether Windows keeps a name for a device. An extension, and
// spaces before it, make no difference: "nul .txt" is NUL.
func ReservedName(name string) bool {
	if i := strings.IndexAny(name, ".:"); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimRight(name, " ")
	return len(name) <= len("CONOUT$") && devices[strings.ToUpper(name)]
}
