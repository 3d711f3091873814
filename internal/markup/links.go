package markup

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// Links says to which hosts a text may link. Hosts are compared exactly: neither
// subdomains nor look-alikes of one that is allowed are. A nil *Links allows none. It
// is safe for concurrent use.
type Links struct{ hosts map[string]bool }

// NewLinks allows the given hosts, such as "shop.example" or
// "https://shop.example/help". It reports those that are none.
func NewLinks(hosts ...string) (*Links, error) {
	links := &Links{hosts: make(map[string]bool, len(hosts))}
	for _, host := range hosts {
		name, ok := hostOf(host)
		if !ok {
			return nil, fmt.Errorf("%q is no host to link to: give a name such as shop.example", host)
		}
		links.hosts[name] = true
	}
	return links, nil
}

// With returns a copy that allows more hosts. Those that are none are left out.
func (l *Links) With(hosts ...string) *Links {
	more := &Links{hosts: make(map[string]bool, len(hosts))}
	if l != nil {
		maps.Copy(more.hosts, l.hosts)
	}
	for _, host := range hosts {
		if name, ok := hostOf(host); ok {
			more.hosts[name] = true
		}
	}
	return more
}

// Allows reports whether a text may link to a host.
func (l *Links) Allows(host string) bool {
	if l == nil {
		return false
	}
	name, ok := hostOf(host)
	return ok && l.hosts[name]
}

// hostOf returns the host of an address, or a host itself, in its ASCII form.
func hostOf(host string) (string, bool) {
	host = strings.TrimSpace(host)
	if strings.Contains(host, "://") {
		parsed, err := url.Parse(host)
		if err != nil || parsed.User != nil {
			return "", false
		}
		host = parsed.Hostname()
	}
	name, err := idna.Lookup.ToASCII(strings.ToLower(host))
	return name, err == nil && name != "" && !strings.ContainsAny(name, "/ @:")
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"'()\[\]]+`)

// Hosts returns the hosts of the web addresses that stand in a text.
func Hosts(text string) []string {
	var hosts []string
	for _, address := range webAddress.FindAllString(text, -1) {
		if name, ok := hostOf(strings.TrimRight(address, ".,;:!?*_`")); ok {
			hosts = append(hosts, name)
		}
	}
	return hosts
}
