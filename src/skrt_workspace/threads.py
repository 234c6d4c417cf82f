"""The environment variables that say how many threads engines and numerical libraries start (standard library only)."""

ENGINES = ("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "OMP_NUM_THREADS")
"""What elastix and NiftyReg read; elastix the first that is set."""
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What the libraries under numpy and its kin read when they are loaded."""
VARIABLES = (*LIBRARIES, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
"""All of them."""
