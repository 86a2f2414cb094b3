"""What runs within MiniStack, in an environment of its own: `strict` starts it, `tap` tells the console."""
