# Sourced by bash before a script, through BASH_ENV: `$RANDOM` starts from clock, process ids and addresses, and here
# from the system's entropy, which is taped. `$SRANDOM` is there from bash 5.1 on.
[ -z "${SRANDOM-}" ] || RANDOM=$SRANDOM
[ ! -r "${REPRO_AUDIT_BASH_ENV-}" ] || . "$REPRO_AUDIT_BASH_ENV"
:
