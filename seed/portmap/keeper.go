package portmap

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// When a router is bothered.
const (
	lookInterval = 10 * time.Minute // between two looks at a router that granted something
	wayInterval  = time.Minute      // between two looks at this machine's own routes
	calm         = 5 * time.Second  // at least, whatever is announced
	firstRetry   = time.Minute      // where no router answers; doubles
	maxRetry     = time.Hour
	minLife      = 2 * time.Minute // of a lease, whatever the router says
	maxLife      = 24 * time.Hour
)

// A keeper keeps the ports mapped at the router of one address family.
type keeper struct {
	net     network
	log     *slog.Logger
	changed func(Mapping)
	heard   chan struct{} // the router announced something

	router router // that granted something; nil: none. Only run touches it, and withdraw thereafter

	mu     sync.Mutex
	way    way // which leases are asked on
	leases []*lease
}

// run searches a router, stays with it while it answers, and searches again.
func (k *keeper) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		w, err := k.net.way()
		if k.take(w) {
			failures = 0
		}
		if err == nil {
			err = k.find(ctx)
		}
		k.settle(err)
		if err == nil {
			failures = 0
			k.stay(ctx)
			continue
		}
		k.wait(ctx, min(firstRetry<<failures, maxRetry))
		failures = min(failures+1, 10)
	}
}

// take makes w the way to the router, and says whether that is news. Mappings
// on another way are worth nothing.
func (k *keeper) take(w way) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.way == w {
		return false
	}
	k.way = w
	k.void()
	for _, l := range k.leases {
		l.Local = netip.AddrPort{}
		if w.local.IsValid() {
			l.Local = netip.AddrPortFrom(w.local, l.Port.Number)
		}
	}
	return true
}

var (
	errSilence = errors.New("no router answers")
	errRefused = errors.New("no router grants a port") // why is noted with each port
)

// find asks all protocols at once, and takes the first to answer that grants
// a port.
func (k *keeper) find(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	found := answering(ctx, candidates(k.net, k.way))
	defer func() {
		cancel()
		for range found { // all are done before the next thing is
		}
	}()
	err := errSilence
	for r := range found {
		for _, l := range k.leases {
			l.due = time.Time{}
		}
		k.router = r
		if k.renew(ctx, r) > 0 {
			return nil
		}
		err = errRefused
	}
	return err
}

// stay renews what the router granted until it no longer answers or has nothing
// left, or there is another way.
func (k *keeper) stay(ctx context.Context) {
	for k.mapped() {
		announced := k.wait(ctx, min(lookInterval, k.untilDue()))
		if w, err := k.net.way(); ctx.Err() != nil || err != nil || w != k.way {
			return
		}
		lost, err := k.router.look(ctx)
		if err != nil {
			k.log.Debug("router answers no more", "protocol", k.router, "err", err)
			return
		}
		if lost {
			k.log.Info("router lost its port mappings", "protocol", k.router)
		}
		k.looked(lost, announced)
		k.renew(ctx, k.router)
		k.settle(nil)
	}
}

// renew asks r for what is due, and counts the ports that were granted.
func (k *keeper) renew(ctx context.Context, r router) (granted int) {
	for _, l := range k.leases {
		if l.due.After(time.Now()) {
			continue
		}
		g, err := r.add(ctx, l)
		if err == nil && g.external.Port() == 0 {
			err = errors.New("router grants port 0")
		}
		if err != nil {
			k.log.Debug("port not mapped", "port", l.Port, "protocol", r, "err", err)
			k.refused(l, r, err)
			continue
		}
		granted++
		k.granted(l, r, g)
	}
	return granted
}

// announced takes note that a router spoke up.
func (k *keeper) announced(from netip.Addr) {
	k.mu.Lock()
	ours := from == k.way.gateway.Addr()
	k.mu.Unlock()
	if ours {
		select {
		case k.heard <- struct{}{}:
		default:
		}
	}
}

// wait returns after d, or sooner, when the way to the router is another or the
// router announced something, which is the answer; but not before calm, so that
// nobody can keep us busy.
func (k *keeper) wait(ctx context.Context, d time.Duration) (announced bool) {
	end := time.Now().Add(max(d, calm))
	sleep(ctx, calm, nil)
	for ctx.Err() == nil && time.Now().Before(end) {
		if sleep(ctx, min(wayInterval, time.Until(end)), k.heard) {
			return true
		}
		if w, _ := k.net.way(); w != k.way {
			return false
		}
	}
	return false
}

// sleep returns after d or when ctx ends, or true when woken.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-wake:
		return true
	}
	return false
}

func (k *keeper) status() (all []Mapping) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.leases {
		all = append(all, l.Mapping)
	}
	return all
}

// withdraw takes all mappings back. run has ended.
func (k *keeper) withdraw(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range k.leases {
		if k.router != nil && l.External.IsValid() {
			wg.Go(func() {
				if err := k.router.remove(ctx, l); err != nil {
					k.log.Debug("port mapping not taken back", "port", l.Port, "err", err)
				}
			})
		}
	}
	wg.Wait()
	k.router = nil
}
