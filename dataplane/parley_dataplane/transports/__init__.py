"""How audio and texts reach a peer: shells around sockets, each behind a small interface of ours."""
