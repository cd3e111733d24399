package publish

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// ConfigName is the file that describes a channel, and the works in a folder.
const ConfigName = "commonseed.toml"

// maxConfigSize bounds what is read of a configuration, in bytes.
const maxConfigSize = 1 << 20

// Description is what an author says of a work; every key may be left out. It
// stands at the top level of a commonseed.toml, in its [[work]] tables, and in
// the flags of the command line.
type Description struct {
	Title          string         `toml:"title"`
	Creator        string         `toml:"creator"`
	License        string         `toml:"license"`
	Date           any            `toml:"date"` // "2026", "2026-05", "2026-05-01", or TOML's own date
	Description    string         `toml:"description"`
	Language       string         `toml:"language"`
	Slug           string         `toml:"slug"`
	SourceURL      string         `toml:"source_url"`
	AttributionURL string         `toml:"attribution_url"`
	Cover          string         `toml:"cover"`
	Tags           []string       `toml:"tags"`
	Paths          []string       `toml:"paths"`        // relative to the file that names them
	Allow          []string       `toml:"allow"`        // lints
	PieceLength    any            `toml:"piece_length"` // of the torrent: bytes, or "1MiB"
	Links          []LinkConfig   `toml:"links"`
	Files          []FileOverride `toml:"files"`
}

// LinkConfig is a link a creator lives on. Rel is "support", "shop", "home",
// "source" or "related".
type LinkConfig struct {
	Rel   string `toml:"rel"`
	Title string `toml:"title"`
	URL   string `toml:"url"`
}

// FileOverride is what one file says other than its work.
type FileOverride struct {
	Path    string `toml:"path"` // in the payload, "/"-separated
	License string `toml:"license"`
	Title   string `toml:"title"`
	Creator string `toml:"creator"`
}

// ChannelConfig is the public face of a channel.
type ChannelConfig struct {
	Title       string       `toml:"title"`
	Description string       `toml:"description"`
	Creator     string       `toml:"creator"`
	Email       string       `toml:"email"`
	Language    string       `toml:"language"`
	BaseURL     string       `toml:"base_url"` // where public/ is served to the world
	Image       string       `toml:"image"`    // path under public/
	Category    string       `toml:"category"`
	Explicit    bool         `toml:"explicit"`
	Links       []LinkConfig `toml:"links"`
}

// SeedConfig is how releases are kept reachable. Rates are KiB/s, and 0 is none;
// numbers of connections that are 0 are the engine's choice.
type SeedConfig struct {
	Trackers   []string `toml:"trackers"`
	WebSeeds   []string `toml:"web_seeds"`   // "{slug}" stands for the release's slug
	Nodes      []string `toml:"nodes"`       // of the DHT, "host:port", for torrents
	OwnTracker *bool    `toml:"own_tracker"` // default true

	UploadLimit        int64    `toml:"upload_limit"`         // over all releases
	Schedule           []string `toml:"schedule"`             // upload_limit by the hour: "08:00-18:00 500"
	ReleaseUploadLimit int64    `toml:"release_upload_limit"` // of each release
	Peers              int      `toml:"peers"`                // connections over all releases
	ReleasePeers       int      `toml:"release_peers"`        // of each release
	AddressPeers       int      `toml:"address_peers"`        // from one address

	HTTP           string `toml:"http"`
	PeerPort       *int   `toml:"peer_port"`
	DHT            *bool  `toml:"dht"`             // default true
	LocalDiscovery *bool  `toml:"local_discovery"` // announce on the local network; default true
	PortMapping    *bool  `toml:"port_mapping"`    // ask the router for the peer port; default true
	Status         string `toml:"status"`          // loopback address of the live page, "" is none
}

// Config is the content of a commonseed.toml.
type Config struct {
	Description
	Channel ChannelConfig `toml:"channel"`
	Seed    SeedConfig    `toml:"seed"`
	Works   []Description `toml:"work"`

	File  string         `toml:"-"` // as named to the reader, "" for the defaults
	lines map[string]int // dotted key → line of its first occurrence
}

// ReadConfig reads a commonseed.toml. Unknown keys are refused with their place
// and the nearest known key. A missing file is an error that os.IsNotExist knows.
func ReadConfig(file string) (*Config, error) {
	if st, err := os.Stat(file); err != nil {
		return nil, err
	} else if st.Size() > maxConfigSize {
		return nil, &ConfigError{File: file, Line: 1, Col: 1, Msg: fmt.Sprintf("larger than %d bytes", maxConfigSize)}
	} else if !st.Mode().IsRegular() {
		return nil, &FileError{Path: file, Err: ErrNotRegular}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseConfig(file, data)
}

func parseConfig(file string, data []byte) (*Config, error) {
	c := &Config{File: file}
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(c)
	if err != nil {
		return nil, configError(file, err)
	}
	c.lines = keyLines(data)
	return c, nil
}

// configError gives a decoder's error its place and, for an unknown key, the
// key that was probably meant.
func configError(file string, err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := strict.Errors[0]
		line, col := first.Position()
		key := first.Key()
		name := key[len(key)-1]
		return &ConfigError{File: file, Line: line, Col: col, Key: name,
			Near: nearest(name, keysAt(key[:len(key)-1])), Msg: fmt.Sprintf("unknown key %q", name)}
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, col := decode.Position()
		return &ConfigError{File: file, Line: line, Col: col, Msg: strings.TrimPrefix(decode.Error(), "toml: ")}
	}
	return &ConfigError{File: file, Line: 1, Col: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
}

// keysAt lists the keys that the table of this name may hold.
func keysAt(table []string) []string {
	t := reflect.TypeFor[Config]()
	for _, name := range table {
		f, ok := fieldOf(t, name)
		if !ok {
			return nil
		}
		t = f
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return tomlKeys(t)
}

func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("toml") == name {
			return f.Type, true
		}
	}
	return nil, false
}

func tomlKeys(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if k := f.Tag.Get("toml"); k != "" && k != "-" {
			keys = append(keys, k)
		}
	}
	return keys
}

// nearest answers with the known word at most two edits, or a third of the
// word, away; "" if there is none.
func nearest(word string, known []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// keyLines finds the line of each key, so that a message can name it. Elements
// of table arrays are counted: "work.0.license".
func keyLines(data []byte) map[string]int {
	lines := map[string]int{}
	p := unstable.Parser{}
	p.Reset(data)
	var table string
	counts := map[string]int{}
	for p.NextExpression() {
		e := p.Expression()
		var parts []string
		line := 0
		for it := e.Key(); it.Next(); {
			parts = append(parts, string(it.Node().Data))
			if line == 0 {
				line = p.Shape(it.Node().Raw).Start.Line
			}
		}
		key := strings.Join(parts, ".")
		switch e.Kind {
		case unstable.Table:
			table = key + "."
		case unstable.ArrayTable:
			table = key + "." + strconv.Itoa(counts[key]) + "."
			counts[key]++
		case unstable.KeyValue:
			if _, seen := lines[table+key]; !seen {
				lines[table+key] = line
			}
		}
	}
	return lines
}

// where names the place of a key: "commonseed.toml:4".
func (c *Config) where(key string) string {
	if line := c.lines[key]; line > 0 {
		return fmt.Sprintf("%s:%d", c.File, line)
	}
	return c.File
}

// dir is what relative paths in the file are relative to.
func (c *Config) dir() string { return filepath.Dir(c.File) }

// DescribesChannel says whether the file has a [channel] or [seed] table.
func (c *Config) DescribesChannel() bool {
	for key := range c.lines {
		if strings.HasPrefix(key, "channel.") || strings.HasPrefix(key, "seed.") {
			return true
		}
	}
	return false
}
