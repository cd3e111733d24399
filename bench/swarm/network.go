package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// What a node is given. The addresses are those that RFC 2544 sets aside for
// benchmarks: libtorrent takes 10.0.0.0/8 and its like for its own network, and serves
// whoever is in there without regard to its slots.
const (
	hubAddress = "198.19.255.254"
	burst      = "32kb"  // bytes that leave at line speed
	queueing   = "100ms" // a packet waits at most
	perSubnet  = 250
	mostNodes  = 1000
)

// network is a segment of Ethernet. Every node is a network namespace with one link,
// shaped on the way out: its uplink. What comes in is not shaped. Links are macvlans,
// which hand packets from one to the other: a bridge or a router between them would take
// as much of the processors' time again. The hub is a namespace of its own, not shaped.
type network struct {
	prefix  string // of the names of all namespaces
	nodes   int
	running []*process
}

func address(node int) string {
	return fmt.Sprintf("198.18.%d.%d", node/perSubnet, node%perSubnet+1)
}

func ethernet(node int) string { return fmt.Sprintf("02:00:00:00:%02x:%02x", node>>8, node&0xff) }

func (n *network) hub() string          { return n.prefix + "hub" }
func (n *network) node(node int) string { return n.prefix + strconv.Itoa(node) }

// newNetwork makes a network; it is to be removed. Rate is that of every uplink, in
// bits per second.
func newNetwork(ctx context.Context, nodes int, rate float64) (*network, error) {
	n := &network{prefix: fmt.Sprintf("swarm%d-", os.Getpid()), nodes: nodes}
	if err := n.make(ctx, rate); err != nil {
		return nil, errors.Join(err, n.remove())
	}
	return n, nil
}

func (n *network) make(ctx context.Context, rate float64) error {
	if err := batch(ctx, "", "netns add "+n.hub()); err != nil {
		return err
	}
	// macvlans need a link to stand on, whichever it is.
	lines := []string{"link add below type veth peer name unused", "link set below up", "link set unused up"}
	for i := range n.nodes {
		if err := batch(ctx, "", "netns add "+n.node(i)); err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("link add link below name eth0 netns %s address %s type macvlan mode bridge", n.node(i), ethernet(i)))
	}
	lines = append(lines, "link add link below name eth0 address "+ethernet(mostNodes)+" type macvlan mode bridge")
	if err := batch(ctx, n.hub(), lines...); err != nil {
		return err
	}
	known := n.neighbours()
	if err := batch(ctx, n.hub(), append(known, "addr add "+hubAddress+"/15 dev eth0")...); err != nil {
		return err
	}
	for i := range n.nodes {
		if err := batch(ctx, n.node(i), append(known, "addr add "+address(i)+"/15 dev eth0")...); err != nil {
			return err
		}
		if _, err := output(ctx, "tc", "-n", n.node(i), "qdisc", "add", "dev", "eth0", "root", "tbf",
			"rate", strconv.Itoa(int(rate))+"bit", "burst", burst, "latency", queueing); err != nil {
			return err
		}
	}
	return nil
}

// neighbours are the commands that bring a node up and tell it where all others are.
// What it had to ask for would have to fit into the kernel's table, of 1024 places for all
// namespaces together; what it is told does not count.
func (n *network) neighbours() []string {
	lines := []string{"link set lo up", "link set eth0 up", "neigh add " + hubAddress + " lladdr " + ethernet(mostNodes) + " nud permanent dev eth0"}
	for i := range n.nodes {
		lines = append(lines, "neigh add "+address(i)+" lladdr "+ethernet(i)+" nud permanent dev eth0")
	}
	return lines
}

// remove takes all namespaces away, also those of a network that is half made. The
// context of all programs in it has to be done.
func (n *network) remove() error {
	for _, p := range n.running {
		<-p.done
	}
	names, err := os.ReadDir("/run/netns")
	var lines []string
	for _, name := range names {
		if strings.HasPrefix(name.Name(), n.prefix) {
			lines = append(lines, "netns del "+name.Name())
		}
	}
	return errors.Join(err, batch(context.Background(), "", lines...))
}

// batch gives ip many commands at once, within a namespace if one is named.
func batch(ctx context.Context, namespace string, lines ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-n", namespace}, args...)
	}
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w\n%.1000s", err, out)
	}
	return nil
}

func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%.1000s", program, strings.Join(args, " "), err, out)
	}
	return out, err
}
