package web

import (
	"io"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// maxPad is the largest piece length that commonseed builds, in bytes: no pad is
// as long.
const maxPad = 16 << 20

// padSize knows <slug>/files/<Torrent Name>/.pad/<N>: a pad file of N zero bytes
// between two files of a hybrid torrent (BEP 47). Clients that know nothing of
// pads, aria2 for one, ask a web seed for them like for any other file.
func padSize(urlPath string) (int64, bool) {
	dir, number := path.Split(urlPath)
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	if len(parts) != 4 || parts[1] != "files" || parts[3] != ".pad" {
		return 0, false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	return n, err == nil && n > 0 && n < maxPad && strconv.FormatInt(n, 10) == number
}

// servePad answers with zeros, if there is such a payload folder.
func (h *handler) servePad(w http.ResponseWriter, r *http.Request, size int64) {
	folder, ok := fileName(path.Dir(path.Dir(r.URL.Path)))
	if !ok {
		notFound(w)
		return
	}
	root := h.root(w)
	if root == nil {
		return
	}
	defer root.Close()
	if info, err := root.Stat(filepath.FromSlash(folder)); err != nil || !info.IsDir() {
		notFound(w)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"pad-`+strconv.FormatInt(size, 10)+`"`)
	http.ServeContent(&patient{w}, r, "", time.Time{}, io.NewSectionReader(zeros{}, 0, size))
}

// zeros is as many zero bytes as are asked for.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
