package torrentfile

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxName  = 255 // bytes of one path component: the limit of common file systems
	maxPath  = 4096
	maxDepth = 64
)

// padFolder is where clients that do not know BEP 47 put the pads of a torrent.
const padFolder = ".pad"

// inPadFolder says whether a path would be mixed up with pads.
func inPadFolder(path string) bool {
	return path == padFolder || strings.HasPrefix(path, padFolder+"/")
}

// checkName refuses what cannot be one path component on the machines that will
// hold the payload, or would lead out of the payload folder.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("an empty name")
	case name == "." || name == "..":
		return errors.New("not a name but a way to another folder")
	case len(name) > maxName:
		return errors.New("a name longer than 255 bytes")
	case !utf8.ValidString(name):
		return errors.New("a name that is not UTF-8")
	case strings.ContainsAny(name, "/\\"):
		return errors.New("a name with a slash or a backslash in it")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("a name with a control character in it")
	}
	return nil
}

// checkPath checks a path inside the payload folder, component by component.
func checkPath(parts []string) error {
	if len(parts) == 0 {
		return errors.New("an empty path")
	}
	length := 0
	for _, part := range parts {
		if err := checkName(part); err != nil {
			return err
		}
		length += len(part) + 1
	}
	return checkExtent(len(parts), length)
}

// checkExtent bounds a path of so many components and bytes.
func checkExtent(parts, length int) error {
	if parts > maxDepth {
		return errors.New("more than 64 folders deep")
	}
	if length > maxPath {
		return errors.New("a path longer than 4096 bytes")
	}
	return nil
}
