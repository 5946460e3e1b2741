"""SpikeLoom software: the integer contract, the compiler, training and the command line."""
