// Package index finds passages in a knowledge base that is held in memory.
package index
