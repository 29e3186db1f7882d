"""Which modules make one target: one each, but those that import one another."""


def dependencies(modules):
    """What each module needs, by name.

    Importing `a.b` from elsewhere runs the `__init__.py` of `a`; from within `a` it has
    run already. So packages depend on what they offer, and their modules not on them.

    Args:
        modules: dict from name to `tools.bazel_check.modules.Module`.

    Returns:
        Dict from name to a set of names.
    """
    needed = {}
    for name, module in modules.items():
        top = name.split(".")[0]
        own = set(module.own)
        for each in module.own:
            if each.split(".")[0] != top:
                own.update(modules[each].ancestors)
        if module.is_test or module.runs:
            own.update(module.ancestors)
        if module.is_test:
            own.update(_fixtures(module, modules))
        needed[name] = {each for each in own if each in modules} - {name}
    return needed


def _fixtures(module, modules):
    """Names of the conftest modules that pytest reads for a test."""
    names = (f"{package}.conftest" for package in module.ancestors)
    return [name for name in names if name in modules]


def group(needed):
    """Joins modules that need one another.

    Args:
        needed: what `dependencies` gives.

    Returns:
        Dict from each name to the tuple of names of its group, in order.
    """
    reached = {name: _reached(name, needed) for name in needed}
    return {
        name: tuple(sorted(each for each in reached[name] if name in reached[each]))
        for name in needed
    }


def _reached(name, needed):
    """Names of all that a module needs, itself and what is needed in turn."""
    found, open_ = {name}, [name]
    while open_:
        for each in needed[open_.pop()] - found:
            found.add(each)
            open_.append(each)
    return found
