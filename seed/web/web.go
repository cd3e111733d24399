// Package web serves a channel's public/ directory over HTTP, read-only: pages,
// feeds, .torrents, and the payload as web seed (BEP 19).
//
//   - web.go       Handler: which file a request means, and its headers
//   - headers.go   content types, caching, security
//   - compress.go  gzip for texts, kept in a bounded cache
//   - pad.go       the pad files of a torrent, which exist on no disk
//   - patience.go  time limits that suit large files and slow readers
//
// No request reaches a file outside public/, a hidden file or a directory's
// listing, whatever links or encodings it uses.
package web

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
)

// handler serves one directory.
type handler struct {
	public string
	texts  *compressed
}

// Handler serves the directory public. It may be made before the directory is.
func Handler(public string) http.Handler {
	return &handler{public: public, texts: newCompressed()}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag, Last-Modified")
	header.Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.serve(w, r)
	case http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Range, If-Match, If-None-Match, If-Modified-Since, If-Range")
		header.Set("Access-Control-Max-Age", "86400")
		header.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "This server only answers GET and HEAD.", http.StatusMethodNotAllowed)
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	if size, ok := padSize(r.URL.Path); ok {
		h.servePad(w, r, size)
		return
	}
	name, ok := fileName(r.URL.Path)
	if !ok {
		notFound(w)
		return
	}
	root := h.root(w)
	if root == nil {
		return
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(r.URL.Path, "/") {
			// Relative, so that it holds behind any proxy and prefix.
			target := "./" + strings.ReplaceAll(path.Base(r.URL.EscapedPath()), "//", "/") + "/"
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
		name = path.Join(name, "index.html")
	} else if err == nil && strings.HasSuffix(r.URL.Path, "/") {
		notFound(w)
		return
	}
	file, info, err := open(root, name)
	if err != nil {
		fail(w, err)
		return
	}
	defer file.Close()
	setHeaders(w.Header(), name)
	w.Header().Set("ETag", etag(info))
	out := &patient{ResponseWriter: w}
	if compresses(name, info.Size()) {
		w.Header().Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) && h.texts.serve(out, r, name, info, file) {
			return
		}
	}
	http.ServeContent(out, r, "", info.ModTime(), file)
}

// root opens public/, which nothing opened through it can leave. It is nil, and
// the request is answered, if that is not there.
func (h *handler) root(w http.ResponseWriter) *os.Root {
	root, err := os.OpenRoot(h.public)
	if err != nil {
		notFound(w)
		return nil
	}
	return root
}

// fileName turns a URL path into a name below the root. Hidden files and names
// that mean something else on some system are no names.
func fileName(urlPath string) (string, bool) {
	if strings.ContainsAny(urlPath, "\\\x00") {
		return "", false
	}
	name := strings.TrimPrefix(path.Clean("/"+urlPath), "/")
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return "", false
		}
	}
	if name == "" {
		name = "."
	}
	return name, true
}

var errNoFile = errors.New("not a regular file")

func open(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	// Opening a pipe would wait for its writer: look first.
	if info, err := root.Stat(name); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() {
		return nil, nil, errNoFile
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// fail answers a file that cannot be opened. Whatever leads out of public/ is
// as if it were not there.
func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrPermission) || isIO(err) {
		http.Error(w, "This file cannot be read at the moment.", http.StatusInternalServerError)
		return
	}
	notFound(w)
}

func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Nothing here</title><style>body{font:1.1em/1.5 system-ui;max-width:30em;margin:4em auto;padding:0 1em;color-scheme:light dark}</style>
<h1>Nothing here</h1><p>This address names nothing that is published. A release may have moved or been withdrawn.</p>
`)
}
