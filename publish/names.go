package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is what the common file systems store of one name, in bytes.
const maxName = 255

// maxSlug leaves room for "-<hash8>.torrent" and for a readable address.
const maxSlug = 80

// checkName refuses a name that no file system stores, and doubts one that some
// do not store. The name is one path component.
func checkName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return &NameError{name, "is not valid UTF-8"}
	case name == "" || name == "." || name == "..":
		return &NameError{name, "cannot name a file"}
	case len(name) > maxName:
		return &NameError{name, "is longer than 255 bytes"}
	case strings.ContainsFunc(name, unicode.IsControl):
		return &NameError{name, "holds a control character"}
	case strings.ContainsAny(name, "/\x00"):
		return &NameError{name, "holds a path separator"}
	}
	if why := unportable(name); why != "" {
		return &DoubtError{"unportable-name", "the name " + quote(name) + " " + why}
	}
	return nil
}

func quote(s string) string { return `"` + s + `"` }

// unportable says what keeps a name from being stored on Windows or on a card
// formatted for it, "" if nothing does.
func unportable(name string) string {
	if i := strings.IndexAny(name, `<>:"\|?*`); i >= 0 {
		return "holds " + quote(name[i:i+1]) + ", which Windows cannot store"
	}
	if strings.TrimRight(name, ". ") != name || strings.TrimLeft(name, " ") != name {
		return "begins or ends with a space or a dot, which Windows drops"
	}
	if reserved(name) {
		return "is reserved on Windows"
	}
	return ""
}

// reserved knows the device names of Windows, with and without an extension.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) &&
		stem[3] >= '1' && stem[3] <= '9'
}

// checkSlug accepts one component of an address: a-z, 0-9 and inner hyphens.
func checkSlug(slug string) error {
	if len(slug) > maxSlug {
		return errors.New("is longer than 80 characters")
	}
	for i, r := range slug {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !letter && (r != '-' || i == 0 || i == len(slug)-1) {
			return errors.New("may hold only a-z, 0-9 and, between them, hyphens")
		}
	}
	if reserved(slug) {
		return errors.New("is reserved on Windows")
	}
	return nil
}

// slugOf makes a slug of a title. A title without a Latin letter or digit gets
// one made of its hash, so that the same title has the same slug everywhere.
func slugOf(title string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		case r == 'ø':
			b.WriteString("o")
		case r == 'ł':
			b.WriteString("l")
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	if len(slug) > maxSlug {
		slug = slug[:maxSlug]
	}
	slug = strings.Trim(slug, "-")
	if slug == "" || reserved(slug) {
		sum := sha256.Sum256([]byte(title))
		slug = strings.Trim(slug+"-"+hex.EncodeToString(sum[:4]), "-")
	}
	return slug
}

// folderName is the name of the payload folder, which is what a downloader
// sees: "Ana Ruiz - Tide". What no file system stores is replaced.
func folderName(creator, title string) string {
	name := title
	if creator != "" {
		name = creator + " - " + title
	}
	name = strings.NewReplacer("/", "-", `\`, "-", ": ", " - ", ":", "-", "|", "-",
		"?", "", "*", "", `"`, "'", "<", "(", ">", ")", "\t", " ", "\n", " ").Replace(name)
	name = norm.NFC.String(strings.Join(strings.Fields(name), " "))
	return strings.TrimRight(name, ". ")
}

// titleOf makes a title of a file or folder name.
func titleOf(name string, isDir bool) string {
	if !isDir {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	return norm.NFC.String(strings.Join(strings.Fields(strings.ReplaceAll(name, "_", " ")), " "))
}
