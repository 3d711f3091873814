package ingest

import "fmt"

// LimitError says that a document is more than is read: too large, nested too deep,
// or growing too much when it is unpacked. It is the reason of a [*SkipError].
type LimitError struct {
	// Reason says which limit it is beyond.
	Reason string
}

// Error returns the reason.
func (e *LimitError) Error() string { return e.Reason }

func tooMuch(format string, args ...any) error { return &LimitError{fmt.Sprintf(format, args...)} }
