module github.com/frontdesk-go/frontdesk/internal/bench

go 1.26.0
