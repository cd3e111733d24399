package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"commonseed/publish/torrentfile"

	"golang.org/x/text/unicode/norm"
)

// maxName is what the common file systems store of one name, in bytes.
const maxName = 255

// maxSlug leaves room for "-<hash8>.torrent" and for a readable address.
const maxSlug = 80

// checkName refuses a name that no file system stores. What only some of them
// cannot store is doubted by torrentfile.LintNames. The name is one path component.
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
	case strings.Contains(name, "/"):
		return &NameError{name, "holds a path separator"}
	}
	return nil
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
	if torrentfile.ReservedName(slug) {
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
	if slug == "" || torrentfile.ReservedName(slug) {
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
