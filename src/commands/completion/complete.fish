# fish completion of sinkscope, made by `sinkscope completion fish`.
# Of each option: command, name (* stands for an argument), kind of value, choices, help; a dot where there is none.
set -g __sinkscope_table (string split \n -- '@TABLE@')

function __sinkscope_cached_models
    set -l hub $HF_HUB_CACHE $HUGGINGFACE_HUB_CACHE $HF_HOME/hub $XDG_CACHE_HOME/huggingface/hub ~/.cache/huggingface/hub
    for folder in $hub[1]/models--*
        string replace -a -- -- / (string replace -r '.*/models--' '' -- $folder)
    end
end

# Completions of one value; `before` is what stands in front of it in the same word.
function __sinkscope_value -a kind choices typed before
    if contains -- $kind choices files; and string match -q '*,*' -- $typed
        set before $before(string replace -r '[^,]*$' '' -- $typed)
        set typed (string replace -r '.*,' '' -- $typed)
    end
    switch $kind
        case choice choices
            set -l layer (string replace -rf '^blocks\.([0-9]+)\..*' '$1' -- $typed) # hook points of one layer
            set -q layer[1]; or set layer '*'
            string replace -r '^' -- $before (string replace '*' $layer -- (string split ' ' -- $choices))
        case model
            string replace -r '^' -- $before (__sinkscope_cached_models)
            string replace -r '^' -- $before (__fish_complete_directories $typed '')
        case folder
            string replace -r '^' -- $before (__fish_complete_directories $typed '')
        case file files
            string replace -r '^' -- $before (__fish_complete_path $typed)
    end
end

function __sinkscope_complete
    set -l words (commandline -opc) # without what is being typed
    set -l typed (commandline -ct)
    set -l option $words[-1]
    set -l before ''
    set -l command .
    set -l argument
    for word in $words[2..]
        if not string match -q -- '-*' $word
            set command $word
            break
        end
    end
    if string match -q -- '--*=*' $typed
        set option (string replace -r '=.*' '' -- $typed)
        set before $option=
        set typed (string replace -r '^[^=]*=' '' -- $typed)
    end
    set -l commands
    set -l names
    for line in (string match -- "$command"\t'*' $__sinkscope_table)
        set -l field (string split \t -- $line) # command, name, kind, choices, help
        if test "$field[2]" = "$option"; and not contains -- $field[3] flag command
            __sinkscope_value $field[3] $field[4] "$typed" "$before"
            return
        end
        if test $field[3] = command
            set -a commands $field[2]\t$field[5]
        else if test $field[2] = '*'
            set argument $field[3] $field[4]
        else
            set -a names $field[2]\t$field[5]
        end
    end
    if string match -q -- '-*' $typed
        printf '%s\n' $names
    else if set -q argument[1]
        __sinkscope_value $argument[1] $argument[2] "$typed" ''
    else if test $command = .
        printf '%s\n' $commands
    else
        printf '%s\n' $names
    end
end

complete -c sinkscope -f -a '(__sinkscope_complete)'
