"""The two colours of what has a sign, on all pages and pictures.

Blue is positive, evidence for a class, or the second of two classes; orange is the opposite. People
with any kind of colour blindness can distinguish this pair (M. Okabe, K. Ito: Color universal
design, 2008). Charts have the same two, from `styles/colours.css`.
"""

FOR, AGAINST = (0, 114, 220), (230, 110, 0)
"""Red, green and blue, 0 to 255."""
