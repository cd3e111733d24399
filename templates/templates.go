package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	text "text/template"
)

//go:embed default
var builtin embed.FS

// maxTemplate bounds a channel's own template file, in bytes.
const maxTemplate = 1 << 20

// Set is a complete set of templates. It is safe for concurrent use.
type Set struct {
	pages   *html.Template // release.html, channel.html and the parts they share
	notice  *text.Template // license.txt
	style   html.CSS
	script  html.JS
	origins map[string]string // template name → the file it was read from, for errors
}

// An Error is a mistake in a template: it does not parse, or it asks for data
// that is not there.
type Error struct {
	File string // as the channel's owner finds it, or "built-in release.html"
	Line int    // from 1; 0 if unknown
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// An UnknownFileError is a file in a channel's templates directory that no page
// would ever use, most likely a slip of the pen.
type UnknownFileError struct {
	File  string
	Known []string // the names that have a meaning, sorted
}

func (e *UnknownFileError) Error() string {
	return fmt.Sprintf("%s: no such template; the names are %s", e.File, strings.Join(e.Known, ", "))
}

// Load returns the built-in templates, each replaced by the file of the same
// name in dir where there is one. dir is a channel's templates directory; "" or
// a missing directory means that there is none. Hidden files and editors'
// backups ("name~") are passed over. The error is an *Error for a template that
// does not parse and an *UnknownFileError for a name that means nothing.
func Load(dir string) (*Set, error) {
	sources, origins, err := readBuiltin()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		if err := readOverrides(dir, sources, origins); err != nil {
			return nil, err
		}
	}
	s := &Set{
		pages:   html.New("pages"),
		notice:  text.New("license.txt").Funcs(noticeFuncs),
		style:   html.CSS(sources["style.css"]),
		script:  html.JS(sources["script.js"]),
		origins: origins,
	}
	for name, source := range sources {
		switch filepath.Ext(name) {
		case ".html":
			_, err = s.pages.New(name).Parse(source)
		case ".txt":
			_, err = s.notice.Parse(source)
		}
		if err != nil {
			return nil, s.locate(err)
		}
	}
	return s, nil
}

func readBuiltin() (sources, origins map[string]string, err error) {
	entries, err := fs.ReadDir(builtin, "default")
	if err != nil {
		return nil, nil, err
	}
	sources, origins = map[string]string{}, map[string]string{}
	for _, e := range entries {
		data, err := fs.ReadFile(builtin, "default/"+e.Name())
		if err != nil {
			return nil, nil, err
		}
		sources[e.Name()] = string(data)
		origins[e.Name()] = "built-in " + e.Name()
	}
	return sources, origins, nil
}

func readOverrides(dir string, sources, origins map[string]string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, path := e.Name(), filepath.Join(dir, e.Name())
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
			continue
		}
		if _, known := sources[name]; !known {
			return &UnknownFileError{File: path, Known: names(sources)}
		}
		data, err := readTemplate(path)
		if err != nil {
			return err
		}
		sources[name], origins[name] = data, path
	}
	return nil
}

func readTemplate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxTemplate {
		return "", &Error{File: path, Err: fmt.Errorf("larger than %d bytes", maxTemplate)}
	}
	return string(data), nil
}

func names(sources map[string]string) []string {
	var out []string
	for name := range sources {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// rendered are buffers that have grown to the size of a page.
var rendered = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render executes a template into memory first, so that a mistake in it never
// leaves half a page behind.
func (s *Set) render(w io.Writer, name string, data any) error {
	page := rendered.Get().(*bytes.Buffer)
	defer rendered.Put(page)
	page.Reset()
	if err := s.pages.ExecuteTemplate(page, name, data); err != nil {
		return s.locate(err)
	}
	_, err := w.Write(page.Bytes())
	return err
}

// The template packages put the place of a mistake into the message only:
// "template: release.html:3:7: …", "html/template:release.html:3:7: …".
var placeForm = regexp.MustCompile(`^(?:html/)?template: ?([^:\s]+):(\d+)(?::\d+)?: `)

// locate turns an error of the template packages into an *Error.
func (s *Set) locate(err error) error {
	m := placeForm.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	file, known := s.origins[m[1]]
	if !known {
		return err
	}
	line, _ := strconv.Atoi(m[2])
	return &Error{File: file, Line: line, Err: errors.New(err.Error()[len(m[0]):])}
}
