package frontdesk

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Limits on the pictures of one turn, which hosts agree on more or less: a
// message of a support conversation has few pictures, and each goes to the host
// again with every request of the conversation.
const (
	maxImages     = 8
	maxImageBytes = 20 << 20 // of all together, in base64 or as addresses
)

// checkImages reports the first thing for which a host would refuse the
// pictures of a turn. A picture that is an address is not fetched: the host
// does that.
func checkImages(images []Image) error {
	if len(images) > maxImages {
		return fmt.Errorf("%d images: send at most %d in one turn", len(images), maxImages)
	}
	total := 0
	for i := range images {
		size, err := images[i].check()
		if err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
		total += size
		if total > maxImageBytes {
			return fmt.Errorf("image %d: the images up to this one are larger than %d MB in base64: send smaller or fewer ones", i, maxImageBytes>>20)
		}
	}
	return nil
}

// check returns about how many bytes the picture adds to a request.
func (i *Image) check() (size int, err error) {
	scheme, rest, _ := strings.Cut(i.URL, ":")
	switch {
	case len(i.Data) > 0:
		return base64.StdEncoding.EncodedLen(len(i.Data)), checkPicture(i.Data, i.MediaType)
	case i.URL == "":
		return 0, errors.New("it has neither data nor a URL")
	case strings.EqualFold(scheme, "data"):
		return checkDataURL(rest)
	default:
		return len(i.URL), checkImageURL(i.URL)
	}
}

// checkPicture looks at the bytes themselves, since a host does so too.
func checkPicture(data []byte, declared string) error {
	found := http.DetectContentType(data)
	switch found {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
	default:
		return fmt.Errorf("it is %s: send PNG, JPEG, GIF or WebP", found)
	}
	if declared != "" && declared != found {
		return fmt.Errorf("it is declared as %.40q and is %s: correct the media type or leave it out", declared, found)
	}
	return nil
}

// checkDataURL takes what follows "data:" in an address, as RFC 2397 has it.
func checkDataURL(rest string) (size int, err error) {
	head, payload, found := strings.Cut(rest, ",")
	declared, isBase64 := strings.CutSuffix(head, ";base64")
	if !found || !isBase64 {
		return 0, errors.New(`its data URL is not in base64: it should begin like "data:image/png;base64,"`)
	}
	if len(payload) > maxImageBytes {
		return len(payload), nil // too large to be looked at, which the caller reports
	}
	data, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return 0, fmt.Errorf("its data URL is damaged: %w", err)
	}
	if declared == "" {
		return 0, errors.New(`its data URL names no media type: it should begin like "data:image/png;base64,"`)
	}
	return len(payload), checkPicture(data, declared)
}

// checkImageURL takes an address that the host is to fetch. Plain HTTP would
// show a customer's picture to everyone on the way, so that it is for tests on
// one machine alone.
func checkImageURL(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err // without the address, which may be long
		}
		return fmt.Errorf("its URL cannot be read: %w", err)
	}
	switch {
	case parsed.Scheme == "http" && isLoopback(parsed.Hostname()):
		return nil
	case parsed.Scheme != "https":
		return fmt.Errorf("its URL begins with %.40q: use an https or a data URL", parsed.Scheme+":")
	case parsed.Hostname() == "":
		return errors.New("its URL names no host")
	case parsed.User != nil:
		return errors.New("its URL holds a user name: sign the URL instead, since the model's host reads it")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
