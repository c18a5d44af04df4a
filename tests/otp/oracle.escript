#!/usr/bin/env escript
%%! +S 1:1 +P 1000000
%% Runs schedules on OTP's `supervisor`. One schedule a line comes in, as a term that `term.rs` writes; its trace goes
%% out as one line, in the words of `trace.rs`. Schedules run side by side, so that their waits overlap. One scheduler
%% keeps the order in which signals arrive the order in which they were sent, also between different senders.
%%
%% Each schedule has a driver, which carries out its operations, and a recorder, which start functions ask how to go on
%% and which watches all that came up.
-module(oracle).
-mode(compile).
-export([main/1, init/1, start_worker/3, start_supervisor/2]).

-define(AT_ONCE, 256).
%% A period of restarts must not run out by itself: a schedule that took this long between two passes of time runs again.
-define(TOO_SLOW, 4000).
-define(TRIES, 10).
%% A supervisor that does not answer for so many looks of 20 ms while a start hangs will not before that start goes on.
-define(LOOKS, 100).

main(_) ->
    logger:set_primary_config(level, none),
    io:setopts(standard_io, [binary, {encoding, latin1}]),
    serve(0).

serve(?AT_ONCE) ->
    receive done -> serve(?AT_ONCE - 1) end;
serve(Running) ->
    receive
        done -> serve(Running - 1)
    after 0 ->
        case io:get_line("") of
            eof ->
                [receive done -> ok end || _ <- lists:seq(1, Running)],
                halt(0);
            Line ->
                Main = self(),
                spawn(fun() -> answer(Line), Main ! done end),
                serve(Running + 1)
        end
    end.

answer(Line) ->
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Line)),
    {ok, {Number, Root, Refuses, Ops}} = erl_parse:parse_term(Tokens),
    process_flag(trap_exit, true),
    Trace = try run(Root, Refuses, Ops, ?TRIES) catch C:R:S -> io_lib:format("broken ~0p", [{C, R, S}]) end,
    io:put_chars([integer_to_list(Number), $\s, Trace, $\n]).

%% ---- The tree. {sup, Id, Policy, Strategy, Intensity, Period, Auto, Template, Children}, {worker, Id, Policy};
%% Policy = {Restart, Shutdown, Significant, Deaf}.

init({Rec, {sup, Id, _, Strategy, Intensity, Period, Auto, Template, Children}}) ->
    ask(Rec, {init, Id}),
    Flags = #{strategy => Strategy, intensity => Intensity, period => Period, auto_shutdown => Auto},
    Specs = case Strategy of
        simple_one_for_one -> [worker_spec(Rec, Id, Template, [])];
        _ -> [spec(Rec, Child) || Child <- Children]
    end,
    {ok, {Flags, Specs}}.

spec(Rec, {worker, Id, Policy}) ->
    worker_spec(Rec, Id, Policy, [Id]);
spec(Rec, {sup, Id, {Restart, Shutdown, Significant, _}, _, _, _, _, _, _} = Sup) ->
    #{id => Id, start => {?MODULE, start_supervisor, [Rec, Sup]}, restart => Restart, shutdown => Shutdown,
      significant => Significant, type => supervisor}.

worker_spec(Rec, Id, {Restart, Shutdown, Significant, Deaf}, Args) ->
    #{id => Id, start => {?MODULE, start_worker, [Rec, Deaf | Args]}, restart => Restart, shutdown => Shutdown,
      significant => Significant}.

start_worker(Rec, Deaf, Id) ->
    case ask(Rec, {start, Id}) of
        succeed ->
            Up = make_ref(),
            Starter = self(),
            Pid = spawn_link(fun() -> process_flag(trap_exit, Deaf), Starter ! Up, work() end),
            receive Up -> ok end,
            ask(Rec, {up, Id, Pid, worker}),
            {ok, Pid};
        fail ->
            {error, refused}
    end.

start_supervisor(Rec, Sup) ->
    Id = element(2, Sup),
    ask(Rec, {start_supervisor, Id}),
    case supervisor:start_link(?MODULE, {Rec, Sup}) of
        {ok, Pid} -> ask(Rec, {up, Id, Pid, supervisor}), {ok, Pid};
        Error -> ask(Rec, {not_up, Id}), Error
    end.

%% A deaf one ignores the request to stop, and nothing else.
work() ->
    receive
        normal -> ok;
        error -> exit(boom);
        {'EXIT', _, shutdown} -> work();
        {'EXIT', _, Reason} -> exit(Reason)
    end.

%% ---- The recorder.

ask(Rec, Question) ->
    Ref = make_ref(),
    Rec ! {Question, self(), Ref},
    receive {Ref, Answer} -> Answer end.

record(#{events := Events, starts := Starts, up := Up, starting := Starting, hung := Hung, seq := Seq} = R0) ->
    R = R0#{seq := Seq + 1},
    receive
        {{start, Id}, From, Ref} ->
            R1 = R#{events := [{start, Id} | Events]},
            case maps:get(Id, Starts, []) of
                [] -> From ! {Ref, succeed}, record(R1#{starting := Starting#{Id => true}});
                [fail | Next] -> From ! {Ref, fail}, record(R1#{starts := Starts#{Id => Next}});
                [Hang | Next] ->
                    Outcome = case Hang of hang -> succeed; hang_fail -> fail end,
                    record(R1#{starts := Starts#{Id => Next}, starting := Starting#{Id => true},
                               hung := [{Id, From, Ref, Outcome} | Hung]})
            end;
        {{start_supervisor, Id}, From, Ref} ->
            From ! {Ref, ok},
            record(R#{starting := Starting#{Id => true}});
        {{init, Id}, From, Ref} ->
            #{inits := Inits} = R,
            From ! {Ref, ok},
            record(R#{inits := maps:update_with(Id, fun(N) -> N + 1 end, 1, Inits)});
        {{up, Id, Pid, Kind}, From, Ref} ->
            monitor(process, Pid),
            From ! {Ref, ok},
            record(R#{starting := maps:remove(Id, Starting), up := Up#{Id => Pid, Pid => {Id, Kind}}});
        {{not_up, Id}, From, Ref} ->
            From ! {Ref, ok},
            record(R#{starting := maps:remove(Id, Starting)});
        {'DOWN', _, process, Pid, _} ->
            #{Pid := {Id, Kind}} = Up,
            Up1 = case Up of #{Id := Pid} -> maps:without([Id, Pid], Up); _ -> maps:remove(Pid, Up) end,
            Events1 = case Kind of worker -> [{down, Id} | Events]; supervisor -> Events end,
            record(R#{events := Events1, up := Up1});
        {{starts, Id, Next}, From, Ref} ->
            From ! {Ref, ok},
            record(R#{starts := Starts#{Id => Next}});
        {release, From, Ref} ->
            Failed = [Id || {Id, _, _, fail} <- Hung],
            From ! {Ref, {length(Hung), length(Failed)}},
            [Who ! {Asked, Outcome} || {_, Who, Asked, Outcome} <- lists:reverse(Hung)],
            record(R#{hung := [], starting := maps:without(Failed, Starting)});
        {look, From, Ref} ->
            From ! {Ref, R0},
            record(R0);
        {take, From, Ref} ->
            From ! {Ref, lists:reverse(Events)},
            record(R#{events := []})
    end.

recorder(Refuses) ->
    Starts = maps:from_list([{Id, [fail]} || Id <- Refuses]),
    spawn_link(fun() ->
        record(#{events => [], starts => Starts, up => #{}, starting => #{}, hung => [], seq => 0, inits => #{}})
    end).

%% ---- The driver.

run(_, _, _, 0) ->
    "broken: this machine is too slow";
run(Root, Refuses, Ops, Tries) ->
    Above = maps:from_list(above(Root) ++ lists:append([above_added(Op) || Op <- Ops])),
    Sups = maps:from_list(sups(Root) ++ lists:append([sups_added(Op) || Op <- Ops])),
    Timed = lists:any(fun(Sup) -> element(6, Sup) < 100 end, maps:values(Sups)),
    Rec = recorder(Refuses),
    Began = erlang:monotonic_time(millisecond),
    Trace = case start_supervisor(Rec, Root) of
        {ok, Pid} ->
            D = #{rec => Rec, root => Pid, id => element(2, Root), above => Above, sups => Sups, closed => false, within => none,
                  since => Began, slow => false, timed => Timed},
            case settle(D, none) of
                {ended, _} = Ended -> [line(D, "up", Ended)];
                State -> [line(D, "up", State) | steps(Ops, D)]
            end;
        {error, _} ->
            receive {'EXIT', _, _} -> ok after 0 -> ok end,
            [line(#{rec => Rec}, "failed", "ended")]
    end,
    unlink(Rec),
    exit(Rec, kill),
    case lists:member(slow, Trace) of
        true -> run(Root, Refuses, Ops, Tries - 1);
        false -> lists:join($;, Trace)
    end.

above({sup, Id, _, _, _, _, _, _, Children}) ->
    lists:append([[{element(2, Child), Id} | above(Child)] || Child <- Children]);
above({worker, _, _}) ->
    [].

above_added({add, To, Child}) -> [{element(2, Child), To} | above(Child)];
above_added({spawn, To, Id}) -> [{Id, To}];
above_added(_) -> [].

sups({sup, Id, _, _, _, _, _, _, Children} = Sup) -> [{Id, Sup} | lists:append([sups(Child) || Child <- Children])];
sups({worker, _, _}) -> [].

sups_added({add, _, Child}) -> sups(Child);
sups_added(_) -> [].

steps([], #{rec := Rec, root := Root} = D) ->
    case ask(Rec, release) of
        {0, _} ->
            exit(Root, shutdown),
            {ended, _} = Ended = settle(D, none),
            [line(D, "stop", Ended)];
        _ ->
            case settle(D, none) of
                {ended, _} = Ended -> [line(D, "released", Ended)];
                State -> [line(D, "released", State) | steps([], D)]
            end
    end;
steps([Op | Ops], #{since := Since, timed := Timed} = D) ->
    WasHung = is_hung(D),
    {Result, State} = step(Op, D),
    Now = erlang:monotonic_time(millisecond),
    case State of
        _ when Timed, element(1, Op) =/= pass, Now - Since > ?TOO_SLOW -> exit(maps:get(root, D), kill), [slow];
        {ended, _} -> [line(D, Result, State)];
        _ ->
            Asks = lists:member(element(1, Op), [add, spawn, restart]) andalso Result =/= "held",
            Closes = Asks orelse Result =:= "done, failed",
            IsHung = is_hung(D),
            Within = case Op of
                _ when not IsHung -> none;
                {finish, Id, _} when WasHung, Result =:= "done" -> above_of(Id, D);
                _ -> maps:get(within, D)
            end,
            D1 = D#{closed := (Closes orelse maps:get(closed, D)) andalso IsHung, within := Within},
            D2 = case Op of {pass, _} -> D1#{since := Now}; _ -> D1 end,
            [line(D, Result, State) | steps(Ops, D2)]
    end.

line(#{rec := Rec}, Result, State) ->
    Events = [[atom_to_list(What), $\s, integer_to_list(Id)] || {What, Id} <- ask(Rec, take)],
    End = case State of
        {ended, Why} -> ["ended ", why(Why)];
        Text -> Text
    end,
    [Result, "|", lists:join($,, Events), "|", End].

why(Reason) when is_atom(Reason) -> atom_to_list(Reason);
why(Reason) -> io_lib:format("~0p", [Reason]).

is_hung(#{rec := Rec}) -> maps:get(hung, ask(Rec, look)) =/= [].

step({starts, Id, Next}, #{rec := Rec} = D) ->
    ask(Rec, {starts, Id, Next}),
    {"set", settle(D, none)};
step({release}, #{rec := Rec} = D) ->
    Result = case ask(Rec, release) of {0, _} -> "nobody"; {_, 0} -> "done"; _ -> "done, failed" end,
    {Result, settle(D, none)};
step({pass, Ms}, D) ->
    case is_hung(D) of
        true -> {"held", settle(D, none)};
        false -> timer:sleep(Ms), {"done", settle(D, none)}
    end;
step({finish, Id, How}, #{rec := Rec} = D) ->
    #{up := Up} = Look = ask(Rec, look),
    case Up of
        #{Id := Pid} ->
            case may_end(Id, Look, D) of
                true -> finish(Pid, How), {"done", settle(D, none)};
                false -> {"held", settle(D, none)}
            end;
        _ -> {"nobody", settle(D, none)}
    end;
step(Op, #{rec := Rec} = D) ->
    {Call, Of} = case Op of
        {add, To, Child} -> {{start_child, spec(Rec, Child)}, To};
        {spawn, To, Id} -> {{start_child, [Id]}, To};
        {terminate, Id} -> {{terminate_child, Id}, above_of(Id, D)};
        {restart, Id} -> {{restart_child, Id}, above_of(Id, D)};
        {delete, Id} -> {{delete_child, Id}, above_of(Id, D)}
    end,
    #{up := Up, hung := Hung} = ask(Rec, look),
    case Up of
        _ when Hung =/= [] -> {"held", settle(D, none)};
        #{Of := Pid} ->
            #{sups := #{Of := Sup}} = D,
            case child(Call, element(4, Sup), Up) of
                none -> {"nobody", settle(D, none)};
                Call1 -> call(Pid, Call1, D)
            end;
        _ -> {"nobody", settle(D, none)}
    end.

above_of(Id, #{above := Above}) -> maps:get(Id, Above, none).

%% OTP knows the children of a simple_one_for_one supervisor by their pids.
child({terminate_child, Id}, simple_one_for_one, Up) ->
    case Up of #{Id := Pid} -> {terminate_child, Pid}; _ -> none end;
child(Call, _, _) ->
    Call.

call(Pid, Call, D) ->
    Driver = self(),
    Ref = make_ref(),
    spawn(fun() -> Driver ! {Ref, catch gen_server:call(Pid, Call, infinity)} end),
    State = settle(D, {pending, Ref}),
    receive
        {Ref, Answer} -> {result(element(1, Call), Answer), State}
    after 0 ->
        %% Ours answers a restart at once.
        {case Call of {restart_child, _} -> "done"; _ -> "pending" end, State}
    end.

result(start_child, {ok, _}) -> "up";
result(start_child, {error, _}) -> "failed";
result(_, ok) -> "done";
result(_, {ok, _}) -> "done";
result(_, {error, Why}) when Why =:= running; Why =:= restarting -> atom_to_list(Why);
result(_, {error, Why}) when Why =:= not_found; Why =:= simple_one_for_one -> "nobody";
result(restart_child, {error, _}) -> "done".

finish(Pid, How) ->
    Ref = monitor(process, Pid),
    case How of
        kill -> exit(Pid, kill);
        _ -> Pid ! How
    end,
    receive {'DOWN', Ref, process, Pid, _} -> ok end.

%% While a start hangs, only ends are let through that must wait in both worlds: those of children whose supervisor is in
%% the midst of its first start or of a group restart. And only of one
%% supervisor, since two would race afterwards, and only one where starts go on side by side in ours.
may_end(_, #{hung := []}, _) -> true;
may_end(Id, #{starting := Starting, up := Up}, #{closed := Closed, within := Within, sups := Sups} = D) ->
    Of = above_of(Id, D),
    #{Id := Pid} = Up,
    Blocked = lists:any(fun(Child) -> above_of(Child, D) =:= Of end, maps:keys(Starting)),
    case {Up, Sups} of
        {#{Pid := {Id, supervisor}}, _} -> false;
        _ when not Blocked -> false;
        _ when Within =/= none, Within =/= Of -> false;
        {_, #{Of := Sup}} when Within =:= Of, element(4, Sup) =:= one_for_one -> false;
        _ when is_map_key(Of, Starting) -> true;
        {_, #{Of := Sup}} -> not Closed andalso lists:member(element(4, Sup), [one_for_all, rest_for_one])
    end.

%% ---- Waiting for rest: two looks alike, with nothing under way at either.

settle(#{rec := Rec, root := Root, id := Id} = D, Before0) ->
    {Waiting, Before} = case Before0 of {pending, Ref} -> {Ref, none}; {pending, Ref, B} -> {Ref, B}; B -> {none, B} end,
    Look = ask(Rec, look),
    Again = fun(Now) -> settle(D, case Waiting of none -> Now; _ -> {pending, Waiting, Now} end) end,
    try
        Text = lists:flatten(text(Id, Root, Look, D)),
        busy(not is_explained(Look, D)),
        busy(Waiting =/= none andalso maps:get(hung, Look) =:= [] andalso not has_come(Waiting)),
        {Text, maps:get(seq, ask(Rec, look))}
    of
        {State, _} = Before -> State;
        Now -> Again(Now)
    catch
        throw:busy ->
            receive {'EXIT', Root, Why} -> self() ! {'EXIT', Root, Why}, ended(Root, D) after 1 -> Again(none) end;
        throw:gone -> ended(Root, D);
        throw:void -> void(D)
    end.

%% One supervisor waits for the end of another that is blocked by a start that hangs; ours would cut that start. From here
%% on there is nothing to compare.
void(#{rec := Rec}) ->
    #{up := Up, hung := Hung} = ask(Rec, look),
    [exit(Pid, kill) || Pid <- maps:keys(Up), is_pid(Pid)],
    [exit(Pid, kill) || {_, Pid, _, _} <- Hung],
    {ended, void}.

%% Those below a root that was killed end just after it.
ended(Root, #{rec := Rec} = D) ->
    receive {'EXIT', Root, Why} -> ok end,
    case ask(Rec, look) of
        #{up := Up} when map_size(Up) =:= 0 -> {ended, Why};
        _ -> timer:sleep(1), self() ! {'EXIT', Root, Why}, ended(Root, D)
    end.

busy(true) -> throw(busy);
busy(false) -> ok.

has_come(Ref) ->
    {messages, Messages} = process_info(self(), messages),
    lists:keymember(Ref, 1, Messages).

%% Whether every start under way is one that hangs, or waits above one that does; and nobody outlives its supervisor.
is_explained(#{starting := Starting, hung := Hung, up := Up}, #{id := Root} = D) ->
    Explained = lists:append([waiting(Id, Starting, D) || {Id, _, _, _} <- Hung]),
    lists:all(fun(Id) -> lists:member(Id, Explained) end, maps:keys(Starting)) andalso
        lists:all(fun
            ({Pid, {Id, _}}) ->
                Of = above_of(Id, D),
                maps:get(Id, Up) =:= Pid andalso (Id =:= Root orelse is_map_key(Of, Up) orelse is_map_key(Of, Starting));
            ({_, Pid}) when is_pid(Pid) -> true
        end, maps:to_list(Up)).

waiting(Id, Starting, D) when is_map_key(Id, Starting) -> [Id | waiting(above_of(Id, D), Starting, D)];
waiting(_, _, _) -> [].

is_blocked(Id, #{starting := Starting}, D) ->
    lists:any(fun(Child) -> above_of(Child, D) =:= Id end, maps:keys(Starting)).

text(Id, Pid, #{inits := Inits} = Look, #{sups := Sups} = D) ->
    #{Id := Sup} = Sups,
    busy(not is_map_key(Id, Inits)),
    Children = case is_blocked(Id, Look, D) of
        true -> "?";
        false ->
            List = children(Id, Pid, gen_server:send_request(Pid, which_children), ?LOOKS, D),
            case element(4, Sup) of
                simple_one_for_one -> dynamic(List, Look);
                _ -> [child_text(Child, Look, D) || Child <- lists:reverse(List)]
            end
    end,
    [integer_to_list(Id), $#, integer_to_list(maps:get(Id, Inits)), $[, lists:join($\s, Children), $]].

children(_, _, _, 0, _) ->
    throw(void);
children(Id, Pid, Request, Tries, #{rec := Rec, root := Root} = D) ->
    case gen_server:wait_response(Request, 20) of
        {reply, List} -> List;
        timeout ->
            #{hung := Hung} = Look = ask(Rec, look),
            busy(is_blocked(Id, Look, D)),
            children(Id, Pid, Request, case Hung of [] -> ?LOOKS; _ -> Tries - 1 end, D);
        {error, _} when Pid =:= Root -> throw(gone);
        {error, _} -> throw(busy)
    end.

child_text({_, restarting, _, _}, _, _) -> throw(busy);
child_text({Id, undefined, _, _}, _, _) -> [integer_to_list(Id), $-];
child_text({Id, Pid, Type, _}, Look, D) ->
    busy(not is_process_alive(Pid)),
    case Type of
        worker -> [integer_to_list(Id), $+];
        supervisor -> text(Id, Pid, Look, D)
    end.

dynamic(List, #{up := Up}) ->
    Ids = [case {is_pid(Pid) andalso is_process_alive(Pid), Up} of
        {true, #{Pid := {Id, _}}} -> Id;
        _ -> throw(busy)
    end || {_, Pid, _, _} <- List],
    [[integer_to_list(Id), $+] || Id <- lists:sort(Ids)].
