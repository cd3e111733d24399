package feed

import (
	"fmt"
	"net/url"
	"strings"
)

// ReleaseName is the file that holds a release's record, beside its page.
const ReleaseName = "release.json"

// PageURL is the release page below base, the channel's base URL. base may be
// relative ("../") or empty; the answer is relative then.
func (r Release) PageURL(base string) string {
	return below(base, r.Slug) + "/"
}

// TorrentURL is the .torrent below base.
func (r Release) TorrentURL(base string) string {
	return below(base, r.Slug, r.Torrent.File)
}

// FileURL is the payload file with the given path below base.
func (r Release) FileURL(base, path string) string {
	return below(base, r.Slug, "files", r.Torrent.Name) + "/" + escapePath(path)
}

// below appends path segments to base, which may lack its final slash.
func below(base string, segments ...string) string {
	if base != "" && !strings.HasSuffix(base, "/") {
		base += "/"
	}
	for i, s := range segments {
		if i > 0 {
			base += "/"
		}
		base += escapeSegment(s)
	}
	return base
}

// escapePath escapes each segment of a "/"-separated path.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = escapeSegment(s)
	}
	return strings.Join(segments, "/")
}

// escapeSegment escapes all that has a meaning in a URL, and more: object stores
// take a bare "+" in a path for a space, and a ":" in a relative path would end
// a scheme (RFC 3986 §4.2).
func escapeSegment(s string) string {
	return alsoEscaped.Replace(url.PathEscape(s))
}

var alsoEscaped = strings.NewReplacer("+", "%2B", ":", "%3A")

// escapeURL escapes what people type and copy into addresses and RFC 3986 does
// not allow there: letters beyond ASCII (as RFC 3987 §3.1 maps them), spaces,
// quotes, brackets. Escapes that are there already stay.
func escapeURL(s string) string {
	if printableASCII(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c == ' ' || strings.IndexByte(notInURLs, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// notInURLs are the printable ASCII characters outside RFC 3986, but for "[" and
// "]", which enclose IPv6 addresses.
const notInURLs = "\"<>\\^`{|}"
