"""Code inside MiniStack, with its own environment: `strict` starts it, `tap` reports to the console."""
