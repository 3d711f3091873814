package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/frontdesk-go/frontdesk/index"
	"github.com/frontdesk-go/frontdesk/ingest"
)

// readPages makes a knowledge base of a folder of help pages. Each must be
// readable: what a shop says about refunds must not be missing unnoticed.
func readPages(ctx context.Context, pages fs.FS) (*index.Index, error) {
	kb := new(index.Index)
	ingester := ingest.Ingester{Target: kb}
	report, err := ingester.Sync(ctx, "help", ingest.Folder{FS: pages})
	if err != nil {
		return nil, err
	}
	var skipped []error
	for _, page := range report.Skipped {
		skipped = append(skipped, page)
	}
	if err := errors.Join(skipped...); err != nil {
		return nil, fmt.Errorf("read the help pages: %w", err)
	}
	return kb, nil
}
