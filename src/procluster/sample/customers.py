"""The customers: invented names, and addresses in domains that are reserved for examples."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from procluster.sample.tables import COUNTS, Integers, as_integers

__all__ = ["tabulate_customers"]

FIRST_NAMES = """
Ada Alice Amir Ana Anton Aya Ben Carla Chen Clara Dana David Diego Elena Emil Emma Eva Farid
Felix Grace Hana Hugo Ida Ines Ivan Jane Jonas Jorge Julia Kai Karin Leila Leo Lina Luca
Maria Marta Max Mei Milan Mina Nadia Nora Olga Omar Oscar Paula Peter Priya Ravi Rosa Sam
Sara Simon Sofia Tariq Theo Tom Vera Yuki
"""
LAST_NAMES = """
Adams Ahmed Allen Baker Bauer Bell Berg Brown Carter Castro Clark Costa Cruz Dahl Davis Diaz
Dubois Evans Fischer Foster Garcia Gray Green Gupta Haas Hall Hansen Harris Hill Ito Jensen
Johnson Jones Khan Kim Klein Kumar Lang Larsen Lee Lewis Lopez Martin Mayer Miller Moore
Mori Nguyen Novak Olsen Park Patel Perez Petrov Reed Rivera Rossi Russo Sato Scott Silva
Singh Smith Stone Suzuki Tanaka Taylor Thomas Torres Turner Vogel Walker Wang Weber White
Wilson Wood Wright Young Zhang
"""
DOMAINS = "example.com example.net example.org"
"""Reserved by RFC 2606, so that mail to the sample reaches nobody."""


def tabulate_customers(rng: np.random.Generator) -> pa.Table:
    """Columns of dbo.customer."""
    key = np.arange(1, COUNTS.customers + 1)
    first = draw_words(rng, FIRST_NAMES)
    last = draw_words(rng, LAST_NAMES)
    # The key in the address makes it unique.
    mailbox = pc.binary_join_element_wise(first, last, pa.array(key).cast(pa.string()), ".")
    address = pc.binary_join_element_wise(mailbox, draw_words(rng, DOMAINS), "@")
    return pa.table(
        {
            "c_customer_sk": as_integers(key),
            "c_customer_id": spell_keys(key),
            "c_first_name": first,
            "c_last_name": last,
            "c_birth_year": as_integers(rng.integers(1924, 1993, COUNTS.customers)),
            "c_email_address": pc.ascii_lower(address),
        }
    )


def draw_words(rng: np.random.Generator, words: str) -> pa.Array:
    """Draw one of the words, which blanks separate, for each customer."""
    choice = words.split()
    return pa.array(choice).take(pa.array(rng.integers(len(choice), size=COUNTS.customers)))


def spell_keys(key: Integers) -> pa.Array:
    """Spell business keys of 16 letters: A to P for the hexadecimal digits, lowest first."""
    # TPC-DS spells them so, after eight letters that are A for any key below 2 ** 32.
    digits = (key[:, np.newaxis] >> np.arange(0, 32, 4)) & 15
    letters = np.full((len(key), 16), ord("A"), dtype=np.uint8)
    letters[:, 8:] += digits.astype(np.uint8)
    offsets = np.arange(0, 16 * len(key) + 1, 16, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(key), [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    )
