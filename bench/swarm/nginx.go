package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const nginxConfig = `daemon off; user root; worker_processes 1; pid %[1]s/pid; error_log stderr;
events { worker_connections 4096; }
http {
	access_log off; sendfile on; default_type application/octet-stream;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server { listen 80; root "%[2]s"; }
}
`

// nginx is the single server: each peer fetches the file from it by curl. Its time grows
// with the number of peers, so few of them tell that of many.
func (b *bench) nginx(ctx context.Context, s seeder) (_ *result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	net, err := newNetwork(ctx, b.few+1, b.rate)
	if err != nil {
		return nil, err
	}
	defer func() {
		cancel()
		err = errors.Join(err, net.remove())
	}()
	dir := filepath.Join(b.dir, "nginx")
	file := filepath.Join(dir, "nginx.conf")
	config := fmt.Sprintf(nginxConfig, dir, filepath.Join(b.release.root, b.release.name))
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(file, []byte(config), 0o644)); err != nil {
		return nil, err
	}
	server, err := net.start(ctx, net.node(0), func([]byte) {}, "nginx", "-c", file, "-p", dir, "-e", "stderr")
	if err != nil {
		return nil, err
	}
	url := "http://" + address(0) + "/" + filmName
	if _, err := output(ctx, "ip", "netns", "exec", net.hub(), "curl", "-sSI", "--fail", "--retry", "5", "--retry-connrefused", url); err != nil {
		server.stop()
		return nil, errors.Join(err, server.failure())
	}
	return b.fetch(ctx, newWatch(b, s), server, func(i int) error {
		_, err := output(ctx, "ip", "netns", "exec", net.node(i+1), "curl", "-sS", "--fail", "-o", "/dev/null", url)
		return err
	})
}

// fetch lets all peers download at once.
func (b *bench) fetch(ctx context.Context, w *watch, server *process, get func(i int) error) (*result, error) {
	begin := time.Now()
	stop, err := w.sampling(ctx, begin, []*process{server})
	if err != nil {
		return nil, err
	}
	errs := make([]error, b.few)
	var peers sync.WaitGroup
	for i := range b.few {
		peers.Go(func() {
			errs[i] = get(i)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.finished = append(w.finished, time.Since(begin))
		})
	}
	peers.Wait()
	if err := errors.Join(append(errs, stop())...); err != nil {
		return nil, err
	}
	server.stop()
	r := w.result()
	r.peers = b.few
	return r, nil
}
