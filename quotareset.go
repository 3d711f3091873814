package frontdesk

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Hosts that do not send Retry-After when a quota is used up tell in other ways
// when there is more: in headers of their own, or in words.

// resetHeaders are those of the IETF's draft on rate limits, of GitHub's kind, and
// of OpenAI and Groq. Only where a quota is used up they say how long to wait: in
// other answers, they say when all of it is there again.
var resetHeaders = []string{"RateLimit-Reset", "X-RateLimit-Reset", "X-RateLimit-Reset-Requests"}

var (
	waitWording = regexp.MustCompile(`(?i)\b(?:resets?|again|retry|wait|more|available)\b[^.;\d]{0,30}?\b(?:in|after|for)\s+` +
		`((?:\d+(?:\.\d+)?\s*(?:` + waitUnits + `)[\s,]*(?:and\s+)?)+)`)
	waitPart    = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*(` + waitUnits + `)`)
	timeWording = regexp.MustCompile(`(?i)\b(?:resets?|again|available)\b[^.;\d]{0,30}?\b(?:at|on|after)\s+(?:(midnight)|` +
		`(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?)`)
)

const waitUnits = `milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d`

// untilMore reads from a refusal how long a quota stays used up, or returns zero.
func untilMore(header http.Header, message string, now time.Time) time.Duration {
	for _, name := range resetHeaders {
		if wait := headerWait(header.Get(name), now); wait > 0 {
			return wait
		}
	}
	if found := waitWording.FindStringSubmatch(message); found != nil {
		return wordedWait(found[1])
	}
	if found := timeWording.FindStringSubmatch(message); found != nil {
		return wordedTime(found[1:], now)
	}
	return 0
}

// headerWait reads a number of seconds, a point in time in seconds or milliseconds
// since 1970, a duration as Go writes it, or a date.
func headerWait(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if number, err := strconv.ParseFloat(value, 64); err == nil {
		switch {
		case !(number > 0) || math.IsInf(number, 0):
			return 0
		case number > 1e11:
			return wait(time.UnixMilli(int64(min(number, 1e15))).Sub(now))
		case number > 1e8:
			return wait(time.Unix(int64(number), 0).Sub(now))
		default:
			return wait(time.Duration(number * float64(time.Second)))
		}
	}
	if duration, err := time.ParseDuration(value); err == nil {
		return wait(duration)
	}
	if date, err := time.Parse(time.RFC3339, value); err == nil {
		return wait(date.Sub(now))
	}
	return 0
}

// wait is a duration that makes sense as a wait.
func wait(d time.Duration) time.Duration {
	const most = 31 * day // a month's quota
	return min(max(d, 0), most)
}

// wordedWait adds up the parts of "2 hours and 5 minutes".
func wordedWait(words string) time.Duration {
	var sum float64
	for _, part := range waitPart.FindAllStringSubmatch(words, -1) {
		number, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0
		}
		unit := time.Second
		switch name := strings.ToLower(part[2]); {
		case name == "ms" || strings.HasPrefix(name, "milli"):
			unit = time.Millisecond
		case name[0] == 'm':
			unit = time.Minute
		case name[0] == 'h':
			unit = time.Hour
		case name[0] == 'd':
			unit = day
		}
		sum += number * float64(unit)
	}
	return wait(time.Duration(min(sum, float64(365*day))))
}

// wordedTime reads the parts that timeWording found.
func wordedTime(parts []string, now time.Time) time.Duration {
	midnight, date, clock, zone := parts[0], parts[1], parts[2], parts[3]
	if midnight != "" {
		return wait(now.UTC().Truncate(day).Add(day).Sub(now))
	}
	if len(clock) == len("00:00") {
		clock += ":00"
	}
	if len(zone) < len("+00") || zone[0] != '+' && zone[0] != '-' {
		zone = "+0000"
	}
	point, err := time.Parse("2006-01-02T15:04:05-0700", date+"T"+clock+strings.ReplaceAll(zone, ":", ""))
	if err != nil {
		return 0
	}
	return wait(point.Sub(now))
}
