package license

import (
	"net/url"
	"regexp"
	"strings"
)

// addressStart is a scheme, or a host name with a path after it.
var addressStart = regexp.MustCompile(`(?i)^(?:[a-z][a-z0-9+.-]*:)?//|^(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]+)?(?:/|$)`)

func isAddress(s string) bool { return addressStart.MatchString(s) }

// splitAddress returns the host, without "www.", and the unescaped segments of the path; ok is false unless it is
// a plain http or https address, or one without a scheme.
func splitAddress(s string) (host string, segments []string, ok bool) {
	if i := strings.Index(s, "//"); i < 0 || i > 0 && s[i-1] != ':' {
		s = "https://" + s
	} else if i == 0 {
		s = "https:" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return "", nil, false
	}
	if scheme := strings.ToLower(u.Scheme); scheme != "http" && scheme != "https" {
		return "", nil, false
	}
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		return "", nil, false
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part != "" {
			segments = append(segments, part)
		}
	}
	host = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	return strings.TrimPrefix(host, "www."), segments, true
}

// urlKey is what two spellings of one address have in common: no scheme, no "www.", lower case, no query.
func urlKey(s string) string {
	host, segments, ok := splitAddress(s)
	if !ok {
		return ""
	}
	return strings.ToLower(strings.Join(append([]string{host}, segments...), "/"))
}

// parseAddress finds the licence that lives at an address.
func parseAddress(s string) (int, error) {
	host, segments, ok := splitAddress(s)
	if !ok {
		return 0, unknown(s, nil)
	}
	for i := range segments {
		segments[i] = strings.ToLower(segments[i])
	}
	switch host {
	case "creativecommons.org":
		return parseCreativeCommonsPath(s, segments)
	case "spdx.org", "opensource.org", "choosealicense.com":
		if i, ok := byIdentifierPath(segments); ok {
			return i, nil
		}
	}
	if i, ok := index().url[strings.Join(append([]string{host}, segments...), "/")]; ok {
		return i, nil
	}
	return 0, unknown(s, nil)
}

// byIdentifierPath reads /licenses/<SPDX id>[.html], as several registries have it.
func byIdentifierPath(segments []string) (int, bool) {
	if len(segments) != 2 || segments[0] != "licenses" && segments[0] != "license" {
		return 0, false
	}
	id := segments[1]
	for _, end := range []string{".html", ".json", ".txt"} {
		id = strings.TrimSuffix(id, end)
	}
	i, err := parseName(id)
	return i, err == nil
}

// parseCreativeCommonsPath reads (licenses|publicdomain)/unit/version[/jurisdiction] and what may follow.
func parseCreativeCommonsPath(input string, segments []string) (int, error) {
	segments = cutDocument(segments)
	if len(segments) < 2 || len(segments) > 4 {
		return 0, unknown(input, nil)
	}
	segments = append(segments, "", "")
	category, unit := segments[0], unitOfPath(segments[1])
	key := ccKey{unit, segments[2], segments[3]}
	switch {
	case category == "licenses" && unit == "publicdomain" && key.version == "": // what the certification was called
		key = ccKey{"certification", "1.0", "us"}
	case category == "licenses" || category == "licences":
	case category == "publicdomain" && isPublicDomainTool(unit):
	default:
		return 0, unknown(input, nil)
	}
	if key.version == "" {
		return onlyVersion(input, key)
	}
	if i, ok := index().cc[key]; ok && (segments[1] != "by-nd-nc" || oldOrder(key)) {
		return i, nil
	}
	return 0, unknown(input, func() []int { return nearUnit(key) })
}

// unitOfPath is the unit that a path segment stands for.
func unitOfPath(s string) string {
	switch s {
	case "by-nd-nc":
		return "by-nc-nd"
	case "cc0", "cc-zero":
		return "zero"
	}
	return s
}

// oldOrder tells where by-nd-nc is an address: version 1.0 and an early Japanese 2.0.
func oldOrder(key ccKey) bool {
	return key.version == "1.0" || key.version == "2.0" && key.place == "jp"
}

// cutDocument takes the last segment away if it only says which document about a licence is meant.
func cutDocument(segments []string) []string {
	if len(segments) < 2 {
		return segments
	}
	head, _, _ := strings.Cut(segments[len(segments)-1], ".")
	switch head {
	case "deed", "legalcode", "legalcode-plain", "rdf", "index":
		return segments[:len(segments)-1]
	}
	return segments
}
