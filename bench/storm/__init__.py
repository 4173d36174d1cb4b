"""The storm: a real product under load while its processes are killed, paused, cut off and starved; then a judge."""
