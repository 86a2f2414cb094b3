"""Every text of the program in English and in Chinese, by its name. English is ASCII, for every terminal."""

from . import account, api, stack, walk, watching

TEXTS: dict[str, tuple[str, str]] = {
    **walk.TEXTS,
    **account.TEXTS,
    **stack.TEXTS,
    **api.TEXTS,
    **watching.TEXTS,
}
