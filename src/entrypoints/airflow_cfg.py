"""A broken airflow.cfg, reported without its content: it holds passwords and tokens."""

import configparser


def problem_of(error: configparser.Error) -> str:
    """Return where the file is wrong, as a sentence for the operator; the error itself quotes the file."""
    if isinstance(error, configparser.InterpolationError):
        return f"[{error.section}] {error.option} in airflow.cfg: a % that stands for itself is written %%"
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"airflow.cfg is no configuration file: no section begins before line {error.lineno}"
    if isinstance(error, configparser.ParsingError):
        lines = ", ".join(str(number) for number, _ in error.errors)
        return f"airflow.cfg is no configuration file: it cannot be read at line {lines}"
    return f"airflow.cfg is no configuration file: {type(error).__name__}"
