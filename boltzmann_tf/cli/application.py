"""The command line `boltzmann-tf`; only the commands that compute import TensorFlow."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from boltzmann_tf._support import quiet as _quiet
from boltzmann_tf._support.interrupt import terminations_raised
from boltzmann_tf._version import __version__
from boltzmann_tf.reproduction import registry, runner
from boltzmann_tf.reproduction.parallel import available_cores

__all__ = ["app", "main"]

app = typer.Typer(
    name="boltzmann-tf",
    help="Boltzmann generators: reproduce the published results, train, sample, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_verbose = False


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        typer.echo(f"boltzmann_tf {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show TensorFlow's messages, and tracebacks.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    global _verbose
    _verbose = verbose
    if verbose:
        # The package has arranged for silence already, when it was imported.
        os.environ["BOLTZMANN_TF_VERBOSE"] = "1"
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
        quiet = [finder for finder in sys.meta_path if type(finder).__module__ == _quiet.__name__]
        for finder in quiet:
            sys.meta_path.remove(finder)


@contextlib.contextmanager
def _user_errors() -> Iterator[None]:
    """Shows a bad argument as one line and not as a traceback; a signal ends in order."""
    try:
        with terminations_raised():
            yield
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(130) from None
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        if _verbose:
            raise
        typer.echo(f"Error: {_one_line(error)}", err=True)
        raise typer.Exit(2) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'configuration'}: {item['msg']}, "
            f"got {item['input']!r}"
            for item in error.errors(include_url=False)
        )
    return " ".join(str(error).split()) or type(error).__name__


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names from `boltzmann-tf list`.", metavar="[NAME]..."),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every one, with an index.")] = False,
    preset: Annotated[
        str, typer.Option(help="quick (minutes, one seed) or paper (every variant, many seeds).")
    ] = "quick",
    output: Annotated[Path, typer.Option(help="Folder for the reports.")] = Path("results"),
    seed: Annotated[int, typer.Option(help="Of every random number.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(help="Processes that run them; default: the cores."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave out those that an earlier call has finished.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Dask cluster to run them on, tcp://HOST:8786."),
    ] = None,
) -> None:
    """Run reproductions: reports with figures, and numbers held against their references.

    The exit code is 0 when every number is within its tolerance, 1 when one is not or a run fails,
    2 for a bad argument.
    """
    with _user_errors():
        if all_ == bool(names):
            wanted = ", ".join(registry.names())
            raise ValueError(f"NAME or --all must be given, one of the two; names: {wanted}")
        jobs = available_cores() if jobs is None else jobs
        if all_:
            passed = runner.reproduce_all(
                preset, output, seed, jobs, resume=resume, scheduler=scheduler
            )
        else:
            results = runner.reproduce_each(
                names or [], preset, output, seed, jobs, resume=resume, scheduler=scheduler
            )
            passed = all(result["passed"] for result in results)
    raise typer.Exit(0 if passed else 1)


@app.command("list")
def list_() -> None:
    """List the reproductions."""
    with _user_errors():
        entries = registry.discover()
    table = Table("name", "what it reproduces", box=None)
    for entry in entries:
        table.add_row(entry.name, entry.title)
    Console(highlight=False, markup=False).print(table)


@app.command()
def train(
    system: Annotated[str, typer.Argument(help="Its name; an unknown one shows all.")],
    *,
    output: Annotated[Path, typer.Option(help="Folder for the trained generator.")],
    config: Annotated[
        Path | None, typer.Option(help="JSON file with any of these settings; options win.")
    ] = None,
    iterations: Annotated[int | None, typer.Option(help="Steps with all losses.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam.")] = None,
    blocks: Annotated[int | None, typer.Option(help="RealNVP blocks.")] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Widths of the hidden layers, such as 100,100.")
    ] = None,
    ml: Annotated[float | None, typer.Option(help="Weight of training by example.")] = None,
    kl: Annotated[float | None, typer.Option(help="Weight of training by energy.")] = None,
    rc: Annotated[
        float | None, typer.Option(help="Weight of the reaction-coordinate loss.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of every random number.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Of the system, such as length=4 or lattice=cubic; may be given often.",
        ),
    ] = None,
    checkpoint_every: Annotated[
        int, typer.Option(help="Steps between checkpoints, from which a later call goes on.")
    ] = 1000,
) -> None:
    """Train a generator on a named system, with data from Metropolis sampling, and save it."""
    with _user_errors():
        from boltzmann_tf.cli import commands
        from boltzmann_tf.cli import config as train_config

        options = {
            "system": system,
            "iterations": iterations,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "blocks": blocks,
            "hidden": train_config.parse_hidden(hidden),
            "ml": ml,
            "kl": kl,
            "rc": rc,
            "seed": seed,
            "parameters": train_config.parse_parameters(parameter),
        }
        given = {name: value for name, value in options.items() if value is not None}
        settings = train_config.read_config(config, given)
        commands.train(settings, output, checkpoint_every=checkpoint_every)


@app.command()
def sample(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a trained generator.")
    ],
    *,
    n: Annotated[int, typer.Option("--n", help="Number of samples.")] = 100_000,
    temperature: Annotated[float, typer.Option(help="Relative temperature tau.")] = 1.0,
    output: Annotated[Path, typer.Option(help="File for the samples.")] = Path("samples.npz"),
    seed: Annotated[int, typer.Option(help="Of the latent draws.")] = 0,
) -> None:
    """Draw weighted samples from a trained generator into an .npz file."""
    with _user_errors():
        from boltzmann_tf.cli import commands

        commands.sample(directory, n=n, temperature=temperature, output=output, seed=seed)


@app.command()
def evaluate(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a trained generator.")
    ],
    *,
    n: Annotated[int, typer.Option("--n", help="Number of samples.")] = 100_000,
    temperature: Annotated[float, typer.Option(help="Relative temperature tau.")] = 1.0,
    json: Annotated[Path | None, typer.Option("--json", help="Also write it to a file.")] = None,
    seed: Annotated[int, typer.Option(help="Of the latent draws.")] = 0,
) -> None:
    """Report the quality of a generator's weights: effective samples, k-hat, log Z."""
    with _user_errors():
        from boltzmann_tf.cli import commands

        commands.evaluate(directory, n=n, temperature=temperature, json_file=json, seed=seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line.

    Args:
      arguments: those of the process if None.
    """
    app(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="boltzmann-tf")
