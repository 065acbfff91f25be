"""What the activations and the spectrum say: where notes and hits begin, how long they last, how loud they are."""
