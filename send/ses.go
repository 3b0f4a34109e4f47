package send

import (
	"context"
	"errors"
)

func openSES(context.Context, *Address, Options) (Transport, error) {
	return nil, errors.New("ses: not there yet")
}
