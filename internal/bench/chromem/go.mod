module github.com/frontdesk-go/frontdesk/internal/bench/chromem

go 1.26.0

require (
	github.com/frontdesk-go/frontdesk/internal/bench v0.0.0
	github.com/philippgille/chromem-go v0.7.0
)

replace github.com/frontdesk-go/frontdesk/internal/bench => ../
