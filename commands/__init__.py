"""The front door's commands, one file each: load settings, pick the rooms, join them."""
